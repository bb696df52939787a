import { brushText, readComparison, withChanges } from "/static/comparison.js";
import { equal, test } from "./harness.js";

const read = (text) => readComparison(new URLSearchParams(text));

test("an empty address compares nothing and shows the charts", () => {
  const { ids, show, group, band, axes, rows, brushes } = read("");
  equal([ids, show, group, band, axes, rows, brushes.size], [[], "charts", "", "range", null, null, 0]);
});

test("ids come in their order and once, at most a hundred", () => {
  equal(read("ids=b,a,,b&ids=c").ids, ["b", "a", "c"]);
  const many = Array.from({ length: 103 }, (_, index) => `id${index}`).join(",");
  equal([read(`ids=${many}`).ids.length, read(`ids=${many}`).beyond], [100, 3]);
});

test("what nobody knows is as if it were not there", () => {
  const { show, band, brushes } = read("show=nothing&band=x&brush=1,2&brush=a,b,param:lr&brush=,1,");
  equal([show, band, brushes.size], ["charts", "range", 0]);
});

test("a brush keeps its numbers and any letter of its dimension", () => {
  const text = brushText("param:a,b\nc", [1e-7, -0.5]);
  equal([...read(new URLSearchParams({ brush: text }).toString()).brushes], [["param:a,b\nc", [1e-7, -0.5]]]);
});

test("an empty list of axes is a choice, none is not", () => {
  equal([read("axis=").axes, read("x=1").axes, read("axis=param:lr").axes], [[], null, ["param:lr"]]);
});

test("a change touches what it names, and an empty list stays told", () => {
  const query = new URLSearchParams("ids=a&axis=x&axis=y&group=tag");
  equal(withChanges(query, { group: "", axis: [], q: "lo ss" }).toString(), "ids=a&axis=&q=lo+ss");
  equal(withChanges(query, { axis: ["b", "c"], ids: null }).getAll("axis"), ["b", "c"]);
  equal(query.getAll("axis"), ["x", "y"]);
});

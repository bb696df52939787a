import { conditionsOf, readView, withoutConditions, writeView } from "/static/list-view.js";
import { equal, test } from "./harness.js";

const read = (text) => readView(new URLSearchParams(text));

test("an address without a query is the usual view, which needs no query", () => {
  const view = read("");
  equal(view, { q: "", filter: "", tag: "", status: "", archived: "no", sort: "-created", columns: null });
  equal(writeView(view).toString(), "");
});

test("a view comes back from its query as it was", () => {
  const view = { q: "a & b", filter: "lr < 0.01 and x = 'ü'", tag: "t,1", status: "failed", archived: "all", sort: "metric:a:b:max", columns: ["name", "param:a,b"] };
  equal(readView(new URLSearchParams(writeView(view).toString())), view);
});

test("an unknown choice is the usual one", () => {
  equal(read("archived=perhaps").archived, "no");
});

test("conditions are told apart from order and columns, and can be cleared alone", () => {
  const view = read("q=resnet&filter=lr<1&archived=yes&sort=name&column=name");
  equal(conditionsOf(view).map(({ name }) => name), ["q", "filter", "archived"]);
  equal(conditionsOf(withoutConditions(view)), []);
  equal(writeView(withoutConditions(view)).toString(), "sort=name&column=name");
  equal(conditionsOf(read("archived=all")), []);
});

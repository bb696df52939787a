import { refreshed, toggled, withRange } from "/static/selection.js";
import { equal, test } from "./harness.js";

const items = ["a", "b", "c", "d"].map((id) => ({ id }));
const of = (...ids) => new Map(ids.map((id) => [id, { id }]));
const ids = (selection) => [...selection.keys()].sort().join("");

test("one is ticked and unticked, the selection before stays as it was", () => {
  const before = of("a");
  equal([ids(toggled(before, { id: "b" })), ids(toggled(before, { id: "a" })), ids(before)], ["ab", "", "a"]);
});

test("a range goes both ways, and takes ticks away as well", () => {
  equal([ids(withRange(of(), items, "b", "d")), ids(withRange(of(), items, "d", "b"))], ["bcd", "bcd"]);
  equal(ids(withRange(of("a", "b", "c"), items, "b", "c", false)), "a");
});

test("a range from one that is not in the list any more is the other end alone", () => {
  equal(ids(withRange(of(), items, "gone", "c")), "c");
});

test("what is ticked is known as it is now", () => {
  const now = refreshed(of("a", "x"), [{ id: "a", status: "failed" }]);
  equal([now.get("a"), now.get("x")], [{ id: "a", status: "failed" }, { id: "x" }]);
});

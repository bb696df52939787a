import { labelsOf, MOST_VALUES, usable, valuesOf } from "/static/writer-labels.js";
import { equal, test } from "./harness.js";

const writers = [
  { labels: { rank: "10", node: "a" } },
  { labels: { rank: "2" } },
  { labels: { rank: "2", role: "eval" } },
  { labels: {} },
  {},
];

test("labels are named in order, with how many values they have, none among them", () => {
  equal(labelsOf(writers), [{ name: "node", values: 2 }, { name: "rank", values: 3 }, { name: "role", values: 2 }]);
  equal(labelsOf([{ labels: {} }, {}]), []);
});

test("values stand in the order of numbers, those without come last", () => {
  equal(valuesOf(writers, "rank"), ["2", "10", null]);
  equal(valuesOf(writers.slice(0, 3), "rank"), ["2", "10"]);
});

test("a label is used that somebody has, and whose values are not too many", () => {
  equal([usable(writers, "rank"), usable(writers, "actor"), usable([], "rank"), usable(writers, "")], ["rank", "", "", ""]);
  const many = Array.from({ length: MOST_VALUES + 1 }, (_, index) => ({ labels: { actor: `a${index}` } }));
  equal([usable(many, "actor"), usable(many.slice(1), "actor")], ["", "actor"]);
});

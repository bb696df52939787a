import { sortedBy, toCsv } from "/static/results.js";
import { equal, test } from "./harness.js";

const summary = (name, last, more) => ({ name, last, min: null, max: null, firstStep: 0, lastStep: 9, count: 1, nonFinite: 0, ...more });
const names = (summaries) => summaries.map(({ name }) => name);

test("names are ordered with their numbers as numbers", () => {
  equal(names(sortedBy([summary("a10", 1), summary("a2", 1)], "name", false)), ["a2", "a10"]);
});

test("what has no number in a column comes last either way", () => {
  const some = [summary("nan", "NaN"), summary("one", 1), summary("up", "Infinity"), summary("two", 2)];
  equal(names(sortedBy(some, "last", false)), ["one", "two", "up", "nan"]);
  equal(names(sortedBy(some, "last", true)), ["up", "two", "one", "nan"]);
  equal(names(sortedBy([summary("b"), summary("a", 1, { min: -1 })], "min", true)), ["a", "b"]);
});

test("the text for a spreadsheet has exact values, quotes doubled", () => {
  equal(
    toCsv([summary('a,"b"', 0.1234567, { max: 2 }), summary("c", "NaN")]),
    'name,last,min,max,firstStep,lastStep,count,nonFinite\r\n"a,""b""",0.1234567,,2,0,9,1,0\r\nc,NaN,,,0,9,1,0\r\n',
  );
});

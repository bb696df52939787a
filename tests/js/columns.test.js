import { breaks, countedFrom, fromWire, spliced, withPoints } from "/static/columns.js";
import { equal, test } from "./harness.js";

const EMPTY = { x: [], last: [], min: [], max: [], count: [] };
const two = { x: [1, 3], last: [10, 30], min: [10, 30], max: [10, 30], count: [1, 1] };

test("the wire's names of what JSON cannot say become doubles", () => {
  const wire = { x: [0, 1, 2, 3], last: [1, "NaN", "Infinity", "-Infinity"], min: [1, null, null, null], max: [1, null, null, null], mean: [1, null, null, null], count: [1, 1, 1, 1] };
  equal(fromWire(wire).last, [1, NaN, Infinity, -Infinity]);
});

test("points are added at their place, whatever the order of their arrival", () => {
  equal(withPoints(two, [4, 2, 0], [40, 20, 0]).x, [0, 1, 2, 3, 4]);
  equal(withPoints(two, [4, 2, 0], [40, 20, 0]).last, [0, 10, 20, 30, 40]);
});

test("a point that is there already stays once", () => {
  equal(withPoints(two, [3], [30]), two);
});

test("another value at the same x widens the band and is the last", () => {
  const merged = withPoints(two, [3, 3], [31, 5]);
  equal([merged.x, merged.last, merged.min, merged.max, merged.count], [[1, 3], [10, 5], [10, 5], [10, 31], [1, 3]]);
});

test("NaN and infinities are kept, and leave no bound", () => {
  const broken = withPoints(EMPTY, [0, 1], ["NaN", "-Infinity"]);
  equal([broken.last, broken.min, broken.max], [[NaN, -Infinity], [null, null], [null, null]]);
  equal(breaks(broken), [{ x: 0, value: NaN, exactly: true }, { x: 1, value: -Infinity, exactly: true }]);
  equal(withPoints(broken, [0], [2]).min, [2, null]);
});

test("the columns given are never changed", () => {
  const before = structuredClone(two);
  withPoints(two, [0, 3, 9], [1, 2, 3]);
  equal(two, before);
});

test("across writers the line is their mean, which is NaN where none is finite", () => {
  const wire = { x: [0, 1], mean: [1, null], min: [0, null], max: [2, null], p5: [0, null], p50: [1, null], p95: [2, null], count: [2, 2] };
  const found = fromWire(wire);
  equal([found.last, found.p50], [[1, NaN], [1, null]]);
});

test("x is counted from another origin", () => {
  equal(countedFrom(two, 1).x, [0, 2]);
  equal(countedFrom(two, 0) === two, true);
});

test("a finer part takes the place of a coarser one, and what lies beside it stays", () => {
  const coarse = { x: [0, 10, 20, 30], last: [0, 1, 2, 3], min: [0, 1, 2, 3], max: [0, 1, 2, 3], count: [9, 9, 9, 9] };
  const finer = { x: [12, 14, 20], last: [5, 6, 7], min: [5, 6, 7], max: [5, 6, 7], count: [1, 1, 1] };
  const found = spliced(coarse, { from: 11, to: 25 }, finer);
  equal([found.x, found.last, found.count], [[0, 10, 12, 14, 20, 30], [0, 1, 5, 6, 7, 3], [9, 9, 1, 1, 1, 9]]);
  equal(spliced(coarse, { from: 40, to: 50 }, { x: [], last: [], min: [], max: [], count: [] }).x, coarse.x);
});

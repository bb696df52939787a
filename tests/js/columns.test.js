import { aligned, breaks, fromWire, withPoints } from "/static/columns.js";
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

test("one series is drawn as it is, with gaps where it is no number", () => {
  const broken = withPoints(two, [2], ["NaN"]);
  equal(aligned([broken]), [[1, 2, 3], [10, null, 30], [10, null, 30], [10, null, 30]]);
});

test("several series share their x; where one has no point its line goes on", () => {
  const other = { x: [2], last: [7], min: [6], max: [8], count: [2] };
  equal(aligned([two, other]), [
    [1, 2, 3],
    [10, undefined, 30], [10, undefined, 30], [10, undefined, 30],
    [undefined, 7, undefined], [undefined, 6, undefined], [undefined, 8, undefined],
  ]);
});

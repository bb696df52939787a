import { smoothed, unitOf } from "/static/smoothing.js";
import { equal, test } from "./harness.js";

const rounded = (values) => values.map((value) => (value === null ? null : Number(value.toFixed(6))));

test("at even distances it is the debiased exponential moving average", () => {
  // Weights 1, 0.5, 0.25 of the newest to the oldest, over their sum.
  const expected = [4, (2 + 4 * 0.5) / 1.5, (8 + 2 * 0.5 + 4 * 0.25) / 1.75];
  equal(rounded(smoothed([10, 20, 30], [4, 2, 8], 0.5)), rounded(expected));
});

test("without smoothing the values are as they were", () => {
  equal(smoothed([0, 1, 5], [3, 1, 2], 0), [3, 1, 2]);
});

test("what is no finite number stays out and breaks the line, and what follows remembers what was before", () => {
  const values = smoothed([0, 1, 2, 3], [1, NaN, Infinity, 1], 0.9);
  equal(rounded(values), [1, null, null, 1]);
  equal(smoothed([0, 1], [null, 2], 0.9), [null, 2]);
});

test("at uneven distances influence fades with the distance", () => {
  const near = smoothed([0, 1], [0, 1], 0.5, 1)[1];
  const far = smoothed([0, 10], [0, 1], 0.5, 1)[1];
  equal([near < 0.7, far > 0.99], [true, true]);
});

test("a part drawn from finer points is nearly the same curve", () => {
  const wave = (x) => Math.sin(x / 40);
  const coarse = Array.from({ length: 101 }, (_, index) => index * 10);
  const fine = [...coarse.slice(0, 51), ...Array.from({ length: 500 }, (_, index) => 501 + index)];
  const unit = unitOf(coarse);
  const last = (xs) => smoothed(xs, xs.map(wave), 0.8, unit).at(-1);
  equal(Math.abs(last(coarse) - last(fine)) < 0.11, true);
});

test("a single point, none, and a level line do not divide by nothing", () => {
  equal([unitOf([]), unitOf([7]), unitOf([7, 7])], [1, 1, 1]);
  equal(smoothed([], [], 0.9), []);
  equal(smoothed([5], [2], 0.999), [2]);
});

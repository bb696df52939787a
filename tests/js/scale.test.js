import { axisOf, placeOf, ticksOf, valueAt } from "/static/scale.js";
import { equal, test } from "./harness.js";

const rounded = (value) => Math.round(value * 1e6) / 1e6;

test("numbers that are far apart and positive stand on a log axis, others on a linear one", () => {
  equal(axisOf([1e-5, 1e-3, 0.1]).kind, "log");
  equal([[1, 2, 3], [0, 1000], [-1, 1000], [5], []].map((values) => axisOf(values).kind), Array(5).fill("linear"));
  equal([axisOf([1, 2], { log: true }).kind, axisOf([1e-5, 1], { log: false }).kind], ["log", "linear"]);
});

test("one word among the values makes an axis of words in order", () => {
  const axis = axisOf(["sgd", "adam", 3, "adam", undefined, true]);
  equal(axis.words.map(({ text }) => text), ["3", "adam", "sgd", "true"]);
  equal([placeOf(axis, 3), placeOf(axis, "3"), placeOf(axis, "adam"), placeOf(axis, undefined)], [0.125, null, 0.375, null]);
});

test("a place and its number belong together", () => {
  for (const values of [[-3, 7], [1e-6, 1]]) {
    const axis = axisOf(values);
    equal([placeOf(axis, values[0]), placeOf(axis, values[1])], [0, 1]);
    equal([0.25, 0.5].map((place) => rounded(placeOf(axis, valueAt(axis, place)))), [0.25, 0.5]);
  }
  const words = axisOf(["a", "b"]);
  equal([-1, 0.2, 0.7, 1].map((place) => valueAt(words, place)), [0, 0, 1, 1]);
});

test("what is missing, no number or not positive on a log axis has no place", () => {
  const linear = axisOf([1, 2, NaN, Infinity, undefined]);
  equal([NaN, Infinity, -Infinity, undefined, null].map((value) => placeOf(linear, value)), Array(5).fill(null));
  const log = axisOf([0, -1, 1, 10], { log: true });
  equal([log.low, log.high, placeOf(log, 0), placeOf(log, -1)], [1, 10, null, null]);
});

test("equal values stand in the middle, and no values have an axis all the same", () => {
  equal([[5, 5], [0], [-2]].map((values) => rounded(placeOf(axisOf(values), values[0]))), [0.5, 0.5, 0.5]);
  equal(rounded(placeOf(axisOf([4], { log: true }), 4)), 0.5);
  equal([axisOf([]), axisOf([NaN, undefined])].map(({ low, high }) => [low, high]), [[0, 1], [0, 1]]);
});

test("ticks are round numbers within the axis, powers of ten where it is log", () => {
  equal(ticksOf(axisOf([0.13, 1.9])).map(({ text }) => text), ["0.5", "1", "1.5"]);
  equal(ticksOf(axisOf([1e-5, 0.2])).map(({ text }) => text), ["1e-5", "0.0001", "0.001", "0.01", "0.1"]);
  equal(ticksOf(axisOf([2, 5], { log: true })).map(({ text }) => text), ["2", "5"]);
  equal(ticksOf(axisOf([0.1, 0.3])).every(({ place }) => place >= -1e-9 && place <= 1 + 1e-9), true);
});

test("of many words only some are written", () => {
  const words = Array.from({ length: 100 }, (_, index) => `word ${index}`);
  equal(ticksOf(axisOf(words)).length <= 12, true);
});

import { hiddenByLog, layerKinds, layerValues, nearest, PLAIN, tableOf } from "/static/layers.js";
import { equal, test } from "./harness.js";

const columns = { x: [0, 1, 2], last: [-1, NaN, 3], min: [-2, null, 2], max: [0, null, 4], count: [1, 1, 1] };
const across = { ...columns, p5: [0, 0, 0], p50: [1, 1, 1], p95: [2, 2, 2] };

test("what a line is drawn from depends on what the reader chose and what there is", () => {
  equal(layerKinds(columns, PLAIN), ["min", "max", "line"]);
  equal(layerKinds(columns, { ...PLAIN, band: false, smoothing: 0.5 }), ["raw", "line"]);
  equal(layerKinds(across, PLAIN), ["min", "max", "p5", "p95", "p50", "line"]);
});

test("what is no number is not drawn", () => {
  equal(layerValues({ columns }, PLAIN), [[-2, null, 2], [0, null, 4], [-1, null, 3]]);
});

test("a log axis leaves out what is not above 0, and it is counted", () => {
  equal(layerValues({ columns }, { ...PLAIN, logY: true }), [[null, null, 2], [null, null, 4], [null, null, 3]]);
  equal(tableOf([{ columns }], { ...PLAIN, logX: true, band: false }), [[1, 2], [null, 3]]);
  const lines = [{ columns }];
  equal([hiddenByLog(lines, PLAIN), hiddenByLog(lines, { logY: true }), hiddenByLog(lines, { logX: true })], [0, 1, 1]);
});

test("the raw line stands behind the smoothed one", () => {
  const [raw, line] = layerValues({ columns: { ...columns, last: [0, 0, 3] } }, { ...PLAIN, band: false, smoothing: 0.5 });
  equal([raw, line[2] < 3 && line[2] > 0], [[0, 0, 3], true]);
});

test("several lines share their x; where one has no point it goes on, where it is no number it is broken", () => {
  const other = { x: [1, 5], last: [7, 8], min: [7, 8], max: [7, 8], count: [1, 1] };
  equal(tableOf([{ columns }, { columns: other }], { ...PLAIN, band: false }), [
    [0, 1, 2, 5],
    [-1, null, 3, undefined],
    [undefined, 7, undefined, 8],
  ]);
});

test("the nearest point of a line is found", () => {
  equal([nearest([0, 10, 20], 4), nearest([0, 10, 20], 6), nearest([0, 10, 20], 99), nearest([], 1)], [0, 1, 2, -1]);
});

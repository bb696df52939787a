// What a line is drawn from: itself, its bands, and the raw line behind a smoothed one. Pure.
import { placeOf } from "./columns.js";
import { smoothed, unitOf } from "./smoothing.js";

/** What holds where a chart is not told otherwise. */
export const PLAIN = Object.freeze({ x: "step", logX: false, logY: false, smoothing: 0, band: true });

/** Return the kinds of layers that lines with such columns have, those that lie behind first. */
export function layerKinds(columns, { smoothing, band }) {
  return [
    ...(smoothing > 0 ? ["raw"] : []),
    ...(band ? ["min", "max"] : []),
    ...(band && columns.p5 ? ["p5", "p95"] : []),
    ...(columns.p50 ? ["p50"] : []),
    "line",
  ];
}

/** Return the values of each layer, null where nothing is drawn: what is no number, and on a log axis what is not above 0. */
export function layerValues({ columns, unit }, axes) {
  const drawable = (value) => (Number.isFinite(value) && !(axes.logY && value <= 0) ? value : null);
  const of = {
    line: () => (axes.smoothing > 0 ? smoothed(columns.x, columns.last, axes.smoothing, unit ?? unitOf(columns.x)) : columns.last),
    raw: () => columns.last,
  };
  return layerKinds(columns, axes).map((kind) => (of[kind]?.() ?? columns[kind]).map(drawable));
}

/**
 * Return all layers of several lines over one common x, as the chart library wants them: `[x, ...layers]`, null where a
 * line is broken, undefined where it has no point and goes on to its next.
 */
export function tableOf(lines, axes) {
  const kept = lines.map((line) => (axes.logX ? { ...line, columns: aboveZero(line.columns) } : line));
  if (kept.length === 1) return [kept[0].columns.x, ...layerValues(kept[0], axes)];
  const xs = [...new Set(kept.flatMap(({ columns }) => columns.x))].sort((a, b) => a - b);
  const places = new Map(xs.map((x, index) => [x, index]));
  return [xs, ...kept.flatMap((line) => layerValues(line, axes).map((values) => spread(line.columns.x, values, places)))];
}

function spread(xs, values, places) {
  const column = new Array(places.size).fill(undefined);
  xs.forEach((x, index) => {
    column[places.get(x)] = values[index];
  });
  return column;
}

function aboveZero(columns) {
  const from = columns.x.findIndex((x) => x > 0);
  const start = from === -1 ? columns.x.length : from;
  return start === 0 ? columns : Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, column.slice(start)]));
}

/** Return how many points a log axis has no place for: those at or below 0. */
export function hiddenByLog(lines, { logX, logY }) {
  const hidden = ({ x, last }, index) => (logX && x[index] <= 0) || (logY && last[index] <= 0 && Number.isFinite(last[index]));
  return lines.reduce((sum, { columns }) => sum + columns.x.filter((_, index) => hidden(columns, index)).length, 0);
}

/** Return which point of a line is nearest to an x, -1 where it has none. */
export function nearest(xs, x) {
  const after = placeOf(xs, x);
  if (after === xs.length) return after - 1;
  return after > 0 && x - xs[after - 1] <= xs[after] - x ? after - 1 : after;
}

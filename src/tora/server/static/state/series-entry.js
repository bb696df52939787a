// What is known of one series: its points as a whole, those of the part that is looked at, and whether they are current.
import { countedFrom, fromWire, spliced } from "../columns.js";
import { computed, signal } from "../lib.js";
import { unitOf } from "../smoothing.js";
import { createPart } from "./series-part.js";

export const POINTS = 600;
const POINTS_OF_GROUPS = { least: 100, inAll: 6000 };
const EMPTY = { x: [], last: [], min: [], max: [], count: [] };

/** `drawn` is what a chart shows; `whole` is all of the series, `detail` the part that the reader zoomed into, if finer. */
export function newEntry(name, zoom) {
  const [whole, detail] = [createPart(), createPart()];
  const drawn = computed(() => drawnFrom(whole.view.value, detail.view.value, zoom));
  const plain = { watchers: 0, points: POINTS, stale: true, fetching: false, notBefore: 0, refining: null };
  return { name, whole, detail, drawn, error: signal(null), ...plain };
}

function drawnFrom(whole, detail, zoom) {
  if (whole === null) return null;
  const fits = detail !== null && ["x", "writers", "by"].every((key) => detail[key] === whole[key]) && zoom.on(whole.x) !== null;
  const drawn = (columns, finer) => ({ unit: unitOf(columns.x), columns: fits && finer ? spliced(columns, detail.range, finer) : columns });
  const finerOf = (value) => detail?.groups?.find((group) => group.value === value)?.columns;
  const groups = whole.groups && whole.groups.map(({ value, columns }) => ({ value, ...drawn(columns, finerOf(value)) }));
  return { ...whole, groups, ...drawn(whole.columns, detail?.columns) };
}

/** Return what an answer holds: `{columns, groups}`, with x counted from an origin; `groups` is `{value, columns}` each, or null. */
export function readFrom(answer, origin) {
  const read = ({ columns }) => countedFrom(fromWire(columns), origin);
  if (!answer?.groups) return { columns: answer ? read(answer) : EMPTY, groups: null };
  return { columns: EMPTY, groups: answer.groups.map((each) => ({ value: each.group, columns: plain(read(each)) })) };
}

/** Bands within bands cannot be told apart where there are several lines. */
function plain({ x, last, min, max, count }) {
  return { x, last, min, max, count };
}

/** Return how many points to ask of each line for a chart that has room for so many; many lines need fewer each. */
export function pointsFor(points, lines) {
  if (lines < 2) return points;
  return Math.max(POINTS_OF_GROUPS.least, Math.min(points, Math.round(POINTS_OF_GROUPS.inAll / lines)));
}

/** Go back to the points of the whole series. */
export function unrefine(found) {
  found.reader?.abort();
  found.refining = null;
  found.detail.drop();
}

/** Whether no bucket hides anything of a range. */
export function isExact({ groups, columns: { x, count, p5 } }, { from, to }) {
  // The bucket that ends beyond the range may begin within it.
  const end = x.findIndex((at) => at > to);
  return !groups && !p5 && count.slice(0, end === -1 ? x.length : end + 1).every((points, index) => points === 1 || x[index] < from);
}

/** The points that lie in a range; all where there is none. */
export function within(xs, ys, range) {
  if (range === null) return { x: xs, y: ys };
  const kept = xs.map((x, index) => [x, ys[index]]).filter(([x]) => x >= range.from && x <= range.to);
  return { x: kept.map(([x]) => x), y: kept.map(([, y]) => y) };
}

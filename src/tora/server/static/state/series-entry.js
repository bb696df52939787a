// What is known of one series: its points as a whole, those of the part that is looked at, and whether they are current.
import { spliced } from "../columns.js";
import { computed, signal } from "../lib.js";
import { unitOf } from "../smoothing.js";
import { createPart } from "./series-part.js";

export const POINTS = 600;

/** `drawn` is what a chart shows; `whole` is all of the series, `detail` the part that the reader zoomed into, if finer. */
export function newEntry(name, zoom) {
  const [whole, detail] = [createPart(), createPart()];
  const drawn = computed(() => drawnFrom(whole.view.value, detail.view.value, zoom));
  const plain = { watchers: 0, points: POINTS, stale: true, fetching: false, notBefore: 0, refining: null };
  return { name, whole, detail, drawn, error: signal(null), ...plain };
}

function drawnFrom(whole, detail, zoom) {
  if (whole === null) return null;
  const unit = unitOf(whole.columns.x);
  const fits = detail !== null && detail.x === whole.x && detail.writers === whole.writers && zoom.on(whole.x) !== null;
  return { ...whole, unit, columns: fits ? spliced(whole.columns, detail.range, detail.columns) : whole.columns };
}

/** Go back to the points of the whole series. */
export function unrefine(found) {
  found.reader?.abort();
  found.refining = null;
  found.detail.drop();
}

/** Whether no bucket hides anything of a range. */
export function isExact({ x, count, p5 }, { from, to }) {
  // The bucket that ends beyond the range may begin within it.
  const end = x.findIndex((at) => at > to);
  return !p5 && count.slice(0, end === -1 ? x.length : end + 1).every((points, index) => points === 1 || x[index] < from);
}

/** The points that lie in a range; all where there is none. */
export function within(xs, ys, range) {
  if (range === null) return { x: xs, y: ys };
  const kept = xs.map((x, index) => [x, ys[index]]).filter(([x]) => x >= range.from && x <= range.to);
  return { x: kept.map(([x]) => x), y: kept.map(([, y]) => y) };
}

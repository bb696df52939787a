// The points of one series as a chart holds them: columns of equal length, ascending in x. Pure.
//
// `last` is NaN or infinite where the metric was; `min` and `max` are null where a bucket has no
// finite value. Columns are never changed in place, so that a reader can compare by identity.

/** Return a series of `GET /series` as columns. */
export function fromWire({ x, last, min, max, count }) {
  // Number() understands the wire's "NaN", "Infinity" and "-Infinity".
  return { x, last: last.map(Number), min, max, count };
}

/** Return the columns with live points added, each at its place; a point that is there stays once. */
export function withPoints(columns, xs, ys) {
  const copy = Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, column.slice()]));
  xs.forEach((x, index) => addPoint(copy, x, Number(ys[index])));
  return copy;
}

function addPoint(columns, x, y) {
  const at = placeOf(columns.x, x);
  if (columns.x[at] === x) mergePoint(columns, at, y);
  else insertPoint(columns, at, x, y);
}

function placeOf(xs, x) {
  if (xs.length === 0 || x > xs[xs.length - 1]) return xs.length;
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mergePoint(columns, at, y) {
  // The answer to a query and a live event may both carry a point that arrived in between.
  if (columns.count[at] === 1 && Object.is(columns.last[at], y)) return;
  columns.last[at] = y;
  columns.count[at] += 1;
  if (!Number.isFinite(y)) return;
  columns.min[at] = columns.min[at] === null ? y : Math.min(columns.min[at], y);
  columns.max[at] = columns.max[at] === null ? y : Math.max(columns.max[at], y);
}

function insertPoint(columns, at, x, y) {
  const finite = Number.isFinite(y) ? y : null;
  columns.x.splice(at, 0, x);
  columns.last.splice(at, 0, y);
  columns.min.splice(at, 0, finite);
  columns.max.splice(at, 0, finite);
  columns.count.splice(at, 0, 1);
}

/**
 * Return where the line is broken: `{x, value, exactly}` of each point that is NaN or infinite; `exactly` is
 * false where the point stands for a bucket, whose x is that of its last point.
 */
export function breaks(columns) {
  const found = [];
  columns.last.forEach((value, index) => {
    if (!Number.isFinite(value)) {
      found.push({ x: columns.x[index], value, exactly: columns.count[index] === 1 });
    }
  });
  return found;
}

/**
 * Return the columns of several series over one common x, as the chart library wants them:
 * `[x, last0, min0, max0, last1, ...]`, null where a series has nothing to draw.
 */
export function aligned(many) {
  if (many.length === 1) return [many[0].x, ...drawable(many[0])];
  const xs = [...new Set(many.flatMap((columns) => columns.x))].sort((a, b) => a - b);
  const places = new Map(xs.map((x, index) => [x, index]));
  return [xs, ...many.flatMap((columns) => drawable(columns).map((values) => spread(columns.x, values, places)))];
}

function drawable({ last, min, max }) {
  return [last.map((value) => (Number.isFinite(value) ? value : null)), min, max];
}

function spread(xs, values, places) {
  // undefined lets the line go on to the next point; null breaks it.
  const column = new Array(places.size).fill(undefined);
  xs.forEach((x, index) => {
    column[places.get(x)] = values[index];
  });
  return column;
}

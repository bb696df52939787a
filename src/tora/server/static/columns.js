// The points of one series as a chart holds them: columns of equal length, ascending in x. Pure.
//
// `last` is NaN or infinite where the metric was; `min` and `max` are null where a bucket has no
// finite value. Columns are never changed in place, so that a reader can compare by identity.

/** Return a series of `GET /series` as columns; across writers the line is their mean, and p5, p50, p95 are kept too. */
export function fromWire({ x, last, mean, min, max, count, p5, p50, p95 }) {
  // Number() understands the wire's "NaN", "Infinity" and "-Infinity"; a mean of nothing finite is null there.
  const line = last ? last.map(Number) : mean.map((value) => value ?? NaN);
  return { x, last: line, min, max, count, ...(p5 && { p5, p50, p95 }) };
}

/** Return the columns with x counted from another origin. */
export function countedFrom(columns, origin) {
  return origin === 0 ? columns : { ...columns, x: columns.x.map((x) => x - origin) };
}

/** Return the columns with the part between two x replaced by a finer one; what lies beside it stays as it was. */
export function spliced(columns, { from, to }, finer) {
  const before = columns.x.findIndex((x) => x >= from);
  const start = before === -1 ? columns.x.length : before;
  const after = columns.x.findIndex((x) => x > to);
  const end = after === -1 ? columns.x.length : after;
  const parts = (key) => [columns[key].slice(0, start), finer[key], columns[key].slice(end)];
  return Object.fromEntries(Object.keys(columns).filter((key) => finer[key]).map((key) => [key, parts(key).flat()]));
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

/** Return where an x stands, or would be put, among ascending ones. */
export function placeOf(xs, x) {
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

// Where a metric was first no number: buckets hide it, so ranges are halved until one holds so few points that none does. Pure.

const ENOUGH = 2000;
const MOST_QUESTIONS = 80;

/**
 * Return `{x, value}` of the first NaN or infinity between two steps, null where there is none. `ask({from, to, points})`
 * answers a range of the series: `{total, nonFinite, columns}`, its columns as they are drawn.
 */
export async function firstBreak(ask, from, to) {
  let [low, high] = [from, to];
  for (let asked = 0; asked < MOST_QUESTIONS && low <= high; asked += 1) {
    const { total, nonFinite, columns } = await ask({ from: low, to: high, points: ENOUGH });
    if (nonFinite === 0) return null;
    const seen = columns.last.findIndex((value) => !Number.isFinite(value));
    const known = seen === -1 ? { x: high, value: NaN } : { x: columns.x[seen], value: columns.last[seen] };
    // Each point is told by itself, or all stand at one x.
    if (total <= ENOUGH || low === high) return known;
    // The usual case: what came before the bucket is whole, and the bucket alone is asked for again.
    const before = seen > 0 ? columns.x[seen - 1] : low;
    if (seen > 0 && (await holdsNone(ask, low, before))) [low, high] = [before, known.x];
    else [low, high] = await half(ask, low, Math.min(high, seen > 0 ? before : known.x));
  }
  return null;
}

async function half(ask, low, high) {
  const middle = low + (high - low) / 2;
  const split = Number.isInteger(low) && Number.isInteger(high) ? Math.floor(middle) : middle;
  if (await holdsNone(ask, low, split)) return [Number.isInteger(split) ? split + 1 : split, high];
  return [low, split];
}

async function holdsNone(ask, from, to) {
  return (await ask({ from, to, points: 1 })).nonFinite === 0;
}

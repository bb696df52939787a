// Which colour stands for what. The colours themselves are in style.css, so that themes change them.

const SERIES_COLORS = 8;
const COMPARED_COLORS = 20;

/** The same experiment has the same colour on every page and at every visit. */
export function seriesIndex(id) {
  let hash = 2166136261;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 16777619);
  }
  return (hash >>> 0) % SERIES_COLORS;
}

/** The custom property that holds an experiment's colour. */
export function seriesColor(id) {
  return `--series-${seriesIndex(id)}`;
}

/** The custom property that holds the colour of a group, by its place among the others. */
export function groupColor(place) {
  return `--series-${place % COMPARED_COLORS}`;
}

/**
 * Return a Map of id to custom property for experiments on one chart: each has its own colour as far as it is free,
 * else the next one that is, and beyond all colours its own again.
 */
export function distinctColors(ids) {
  const own = ids.map((id) => [id, seriesIndex(id)]);
  const colors = new Map();
  const taken = new Set();
  const take = (id, index) => {
    colors.set(id, index);
    taken.add(index);
  };
  own.forEach(([id, index]) => taken.has(index) || take(id, index));
  const free = Array.from({ length: COMPARED_COLORS }, (_, index) => index).filter((index) => !taken.has(index));
  own.forEach(([id, index]) => colors.has(id) || take(id, free.shift() ?? index));
  return new Map(ids.map((id) => [id, `--series-${colors.get(id)}`]));
}

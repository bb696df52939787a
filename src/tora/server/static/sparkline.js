// A metric as a line of a few pixels. Pure.

/**
 * Return the path of an SVG for the points of a series, `""` where there is nothing to draw. Both axes span
 * what is finite; a value that is not breaks the line, and a point alone is a dash as wide as its stroke.
 */
export function sparkPath({ x, last }, { width, height, inset = 2 }) {
  const points = x.map((at, index) => [at, Number(last[index])]);
  const finite = points.filter(([, value]) => Number.isFinite(value));
  if (finite.length === 0) return "";
  const across = scale(finite.map(([at]) => at), inset, width - inset);
  const up = scale(finite.map(([, value]) => value), height - inset, inset);
  return runs(points)
    .map((run) => run.map(([at, value]) => `${round(across(at))} ${round(up(value))}`))
    .map((texts) => `M${texts.length === 1 ? [...texts, ...texts].join("L") : texts.join("L")}`)
    .join("");
}

/** Points that follow each other without a break. */
function runs(points) {
  const found = [[]];
  for (const point of points) {
    if (Number.isFinite(point[1])) found.at(-1).push(point);
    else if (found.at(-1).length) found.push([]);
  }
  return found.filter((run) => run.length);
}

function scale(values, from, to) {
  // Halved, since the largest double minus its negative is no number; a span of none is drawn in the middle.
  const low = Math.min(...values) / 2;
  const span = Math.max(...values) / 2 - low;
  return (value) => (span === 0 ? (from + to) / 2 : from + (to - from) * ((value / 2 - low) / span));
}

function round(pixels) {
  return Math.round(pixels * 10) / 10;
}

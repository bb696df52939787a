// Where the axes and lines of a parallel plot lie in pixels, and which line is near a point. Pure.

export const FRAME = { top: 40, side: 64, missing: 26, bottom: 18 };

const NEAR = 8;

/** Return `{left(index), top(place), bottom, missing}` of a plot with so many axes; a null place lies below the axes. */
export function geometry(width, height, axes) {
  const bottom = height - FRAME.bottom - FRAME.missing;
  const step = axes > 1 ? (width - 2 * FRAME.side) / (axes - 1) : 0;
  const first = axes > 1 ? FRAME.side : width / 2;
  const missing = bottom + FRAME.missing;
  return {
    step,
    bottom,
    missing,
    left: (index) => first + index * step,
    top: (place) => (place === null ? missing : bottom - place * (bottom - FRAME.top)),
    placeAt: (y) => Math.min(1, Math.max(0, (bottom - y) / (bottom - FRAME.top))),
  };
}

/** Return the index of the line that passes nearest to a point, null where none is near; `counts` says which may. */
export function nearestLine(lines, { left, top, step }, x, y, counts = () => true) {
  if (lines.length === 0 || step === 0) return null;
  const last = lines[0].length - 1;
  const at = Math.min(last - 1, Math.max(0, Math.floor((x - left(0)) / step)));
  const share = (x - left(at)) / step;
  let best = { index: null, distance: NEAR };
  lines.forEach((places, index) => {
    const [from, to] = [top(places[at]), top(places[at + 1])];
    const distance = Math.abs(from + share * (to - from) - y);
    if (distance < best.distance && counts(index)) best = { index, distance };
  });
  return best.index;
}

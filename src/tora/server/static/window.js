// Which rows of a long list are on the screen. Pure.

const STEP = 8;
const OVERSCAN = 8;

/**
 * Return `{first, end}` of the rows to render for a position of the scroll. It moves in steps of some rows, so
 * that most scroll events change nothing.
 */
export function windowOf({ top, height, row, total }) {
  const first = Math.floor(Math.max(0, top) / row / STEP) * STEP - OVERSCAN;
  const end = Math.ceil((Math.max(0, top) + height) / row / STEP) * STEP + OVERSCAN;
  return { first: Math.max(0, Math.min(first, total)), end: Math.max(0, Math.min(end, total)) };
}

/** Return where to scroll so that a row is seen, the same position where it is already; `head` covers the top. */
export function scrollTo({ index, top, height, row, head }) {
  const at = index * row;
  if (at < top) return at;
  const lowest = at + row - (height - head);
  return lowest > top ? lowest : top;
}

// Pages of a list that grows at its head while someone reads it. Pure.

/**
 * Return the items with the first page as it is now: new ones at the head, known ones replaced,
 * and those gone from its range left out. What was loaded beyond the first page stays.
 */
export function withFreshHead(items, head) {
  const fresh = new Set(head.map(({ id }) => id));
  const lastKnown = items.findLastIndex(({ id }) => fresh.has(id));
  return [...head, ...items.slice(lastKnown + 1).filter(({ id }) => !fresh.has(id))];
}

/** Return the items with one more page at the end, each item once. */
export function withNextPage(items, page) {
  const known = new Set(items.map(({ id }) => id));
  return [...items, ...page.filter(({ id }) => !known.has(id))];
}

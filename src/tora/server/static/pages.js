// Pages of a list that grows at its head while someone reads it. Pure.

/**
 * Return the items with the first page as it is now: new ones at the head, known ones replaced,
 * and those gone from its range left out. What was loaded beyond the first page stays.
 */
export function withFreshHead(items, head) {
  const fresh = new Set(head.map(({ id }) => id));
  const lastKnown = lastOf(items, head.length, fresh);
  return [...head, ...items.slice(lastKnown + 1).filter(({ id }) => !fresh.has(id))];
}

function lastOf(items, length, fresh) {
  // One that came up from far below must not take along all that stood above it.
  const inHead = items.slice(0, length).findLastIndex(({ id }) => fresh.has(id));
  return inHead < 0 ? items.findLastIndex(({ id }) => fresh.has(id)) : inHead;
}

/** Return the items with one more page at the end, each item once. */
export function withNextPage(items, page) {
  const known = new Set(items.map(({ id }) => id));
  return [...items, ...page.filter(({ id }) => !known.has(id))];
}

/** Return the items with some replaced by what they are now; those of `ids` that are no more are left out. */
export function withReplaced(items, ids, fresh) {
  const asked = new Set(ids);
  const now = new Map(fresh.map((item) => [item.id, item]));
  return items.filter(({ id }) => !asked.has(id) || now.has(id)).map((item) => now.get(item.id) ?? item);
}

// Which experiments are ticked: a map of what they were by id, never changed in place. Pure.

/** Return the selection with one experiment the other way round. */
export function toggled(selection, item) {
  const next = new Map(selection);
  if (!next.delete(item.id)) next.set(item.id, item);
  return next;
}

/** Return the selection with all from one id to another, in the order of the list, ticked or not. */
export function withRange(selection, items, fromId, toId, ticked = true) {
  const places = [fromId, toId].map((id) => items.findIndex((item) => item.id === id));
  const next = new Map(selection);
  const [low, high] = [Math.min(...places), Math.max(...places)];
  for (const item of items.slice(low < 0 ? high : low, high + 1)) {
    if (ticked) next.set(item.id, item);
    else next.delete(item.id);
  }
  return next;
}

/** Return the selection with what the items are now; what is not among them stays as it was. */
export function refreshed(selection, items) {
  if (selection.size === 0) return selection;
  const now = new Map(items.map((item) => [item.id, item]));
  return new Map([...selection].map(([id, item]) => [id, now.get(id) ?? item]));
}

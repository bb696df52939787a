// Which binding a pressed key means. Pure.

/**
 * Return the bindings of a key, those registered last first: a page's own go before those of all pages.
 * `groups` is a list of lists of `{keys, label, run}`, `keys` being one key or a list of such.
 */
export function bindingsOf(groups, key) {
  return groups.toReversed().flatMap((bindings) => bindings.filter(({ keys }) => listed(keys).includes(key)));
}

/** Return `{keys, label}` of each binding for people to read: those of the page first, each key once. */
export function helpOf(groups) {
  const known = new Set();
  const lines = [];
  for (const { keys, label } of groups.toReversed().flat()) {
    const free = listed(keys).filter((key) => !known.has(key));
    free.forEach((key) => known.add(key));
    if (label && free.length) lines.push({ keys: free.map(named), label });
  }
  return lines;
}

const NAMES = { " ": "Space", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

/** A key as it is written on a keyboard. */
export function named(key) {
  if (NAMES[key]) return NAMES[key];
  return /^[A-Z]$/.test(key) ? `Shift ${key.toLowerCase()}` : key;
}

function listed(keys) {
  return Array.isArray(keys) ? keys : [keys];
}

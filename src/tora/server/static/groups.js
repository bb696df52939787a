// How metrics are gathered: by the part of the name before the first "/". Pure.

/** Stands for the pinned metrics; no prefix has a slash. */
export const PINNED = "/pinned";

const MACHINE = "system";
const JUDGED_BY = /loss|acc|reward|return|score|error|perplexity/i;

/**
 * Return `{prefix, metrics}` in order of name; metrics without a prefix come first, under "", and those of
 * the machine last, since they are seldom what a reader came for.
 */
export function groupByPrefix(metrics) {
  const groups = new Map();
  for (const metric of [...metrics].sort((a, b) => byName(a.name, b.name))) {
    const prefix = prefixOf(metric.name);
    if (!groups.has(prefix)) groups.set(prefix, []);
    groups.get(prefix).push(metric);
  }
  return [...groups]
    .sort(([a], [b]) => Number(a === MACHINE) - Number(b === MACHINE) || byName(a, b))
    .map(([prefix, members]) => ({ prefix, metrics: members }));
}

/** Return the groups with those of some names taken out into a group of their own, the first one. */
export function withPinned(metrics, pinned) {
  const chosen = metrics.filter(({ name }) => pinned.has(name));
  const others = groupByPrefix(metrics.filter(({ name }) => !pinned.has(name)));
  if (chosen.length === 0) return others;
  return [{ prefix: PINNED, metrics: chosen.sort((a, b) => byName(a.name, b.name)) }, ...others];
}

/** Return so many metrics for where there is room for a few: those that runs are judged by, then the others. */
export function headline(metrics, room) {
  const ordered = groupByPrefix(metrics).flatMap((group) => group.metrics);
  const judged = ordered.filter(({ name }) => JUDGED_BY.test(name));
  return [...judged, ...ordered.filter((metric) => !judged.includes(metric))].slice(0, room);
}

/** The part before the first "/", "" where there is none. */
export function prefixOf(name) {
  const slash = name.indexOf("/");
  return slash > 0 ? name.slice(0, slash) : "";
}

/** Return the metrics whose name holds the text, letters of any case. */
export function filterByName(metrics, text) {
  const wanted = text.trim().toLowerCase();
  return wanted === "" ? metrics : metrics.filter((metric) => metric.name.toLowerCase().includes(wanted));
}

// Made once: localeCompare with options makes one at each call, which takes a while for a thousand names.
const collator = new Intl.Collator("en", { numeric: true });

function byName(a, b) {
  return collator.compare(a, b);
}

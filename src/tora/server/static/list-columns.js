// The columns of the list: what each is called, shows and is sorted by. Pure.
//
// A column is named by a key, which addresses carry: `status`, `name`, `tags`, `created`, `duration`,
// `param:KEY`, `metric:NAME:last` (`min`, `max`), or `spark:NAME` for a metric as a small line.
import { headline } from "./groups.js";

export const FIXED = ["status", "name", "tags", "created", "duration"];
export const STATISTICS = ["last", "min", "max"];

const TITLES = { status: "Status", name: "Name", tags: "Tags", created: "Created", duration: "Duration" };
const WIDTHS = { status: 104, name: 230, tags: 160, created: 112, duration: 112, param: 110, metric: 116, spark: 140 };
const GROWS = { name: 2.5, tags: 1.5, param: 1 };
const LARGEST_FIRST = new Set(["created", "duration"]);
const BY_ITSELF = 2;
const LOOKED_AT = 40;

/** Return `{key, kind, name, statistic}` of a column's key, null where there is no such column. */
export function parseColumn(key) {
  if (FIXED.includes(key)) return { key, kind: key, name: TITLES[key], statistic: null };
  const [kind, rest] = cut(key, key.indexOf(":"));
  if (!rest) return null;
  if (kind === "param" || kind === "spark") return { key, kind, name: rest, statistic: null };
  const [name, statistic] = cut(rest, rest.lastIndexOf(":"));
  return kind === "metric" && name && STATISTICS.includes(statistic) ? { key, kind, name, statistic } : null;
}

function cut(text, at) {
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Return the columns of some keys; what is no column is left out, and each stands once. */
export function parseColumns(keys) {
  return [...new Set(keys)].map(parseColumn).filter(Boolean);
}

/** Return the keys of the columns that a list has by itself, `metrics` being `{name, count}`, most frequent first. */
export function ownColumns(metrics) {
  const best = headline(metrics.slice(0, LOOKED_AT), BY_ITSELF).map(({ name }) => name);
  const line = best.slice(0, 1).map((name) => `spark:${name}`);
  return ["status", "name", "tags", ...line, ...best.map((name) => `metric:${name}:last`), "created", "duration"];
}

/** The metrics whose summaries the columns need, each once. */
export function metricsOf(columns) {
  return [...new Set(columns.filter(({ kind }) => kind === "metric" || kind === "spark").map(({ name }) => name))];
}

/** The whole title of a column, for a screen reader and on hover. */
export function titleOf({ kind, name, statistic }) {
  if (kind === "spark") return `${name}, as a line`;
  return kind === "metric" && statistic !== "last" ? `${name}, ${statistic}` : name;
}

/** What a column is sorted by, null where it cannot be. */
export function sortOf({ kind, key }) {
  return kind === "tags" || kind === "spark" ? null : key;
}

/** Return the sort after a click on a column's header: first its usual direction, then the other one. */
export function nextSort(current, sort) {
  if (current === sort) return `-${sort}`;
  if (current === `-${sort}`) return sort;
  return LARGEST_FIRST.has(sort) ? `-${sort}` : sort;
}

/** The value of `aria-sort`, null for a column that the list is not sorted by. */
export function directionOf(current, sort) {
  if (sort === null) return null;
  return { [sort]: "ascending", [`-${sort}`]: "descending" }[current] ?? null;
}

/** Return `{template, width}` of a grid: its tracks, and the least width in pixels at which they are readable. */
export function gridOf(columns, before = 0) {
  const tracks = columns.map(({ kind }) => `minmax(${WIDTHS[kind]}px, ${GROWS[kind] ?? 0.5}fr)`);
  const width = columns.reduce((sum, { kind }) => sum + WIDTHS[kind], before);
  return { template: [...(before ? [`${before}px`] : []), ...tracks].join(" "), width };
}

/** Return the keys with one moved by so many places, as far as there is room. */
export function moved(keys, key, by) {
  const from = keys.indexOf(key);
  const others = keys.filter((other) => other !== key);
  return others.toSpliced(Math.min(Math.max(from + by, 0), others.length), 0, key);
}

// What experiments are told apart by: hyperparameters and the summaries of metrics, each named by one text. Pure.
//
// "param:lr" is a hyperparameter, "metric:val/loss:min" a metric's lowest value; both stand in addresses.

export const STATS = ["last", "min", "max"];

const NOT_FINITE = new Set(["NaN", "Infinity", "-Infinity"]);

/** Return `{text, kind, name, stat, label}` of a dimension's text, null where it is none. */
export function dimensionOf(text) {
  const [kind, rest] = split(text ?? "", text?.indexOf(":") ?? -1);
  if (kind === "param" && rest) return { text, kind, name: rest, stat: null, label: rest };
  const [name, stat] = split(rest, rest.lastIndexOf(":"));
  if (kind !== "metric" || !name || !STATS.includes(stat)) return null;
  return { text, kind, name, stat, label: `${name} (${stat})` };
}

export function paramDimension(name) {
  return dimensionOf(`param:${name}`);
}

export function metricDimension(name, stat = "last") {
  return dimensionOf(`metric:${name}:${stat}`);
}

/** Return an experiment's value, undefined where it has none; JSON's names of NaN and infinities become numbers. */
export function valueOf(experiment, { kind, name, stat }) {
  const found =
    kind === "param"
      ? experiment.hyperparams?.find(({ key }) => key === name)?.value
      : experiment.metrics?.find((metric) => metric.name === name)?.[stat];
  if (NOT_FINITE.has(found)) return Number(found);
  return found === null && kind === "metric" ? undefined : found;
}

/** Return the names of all hyperparameters that at least one experiment has, in order. */
export function paramNames(experiments) {
  return ordered(experiments.flatMap(({ hyperparams }) => (hyperparams ?? []).map(({ key }) => key)));
}

/** Return the names of all metrics that at least one experiment has, in order. */
export function metricNames(experiments) {
  return ordered(experiments.flatMap(({ metrics }) => (metrics ?? []).map(({ name }) => name)));
}

/** A value as one text that is the same for the same data, whatever the order of its keys. */
export function canonical(value) {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return JSON.stringify(value, (_, part) => (isRecord(part) ? Object.fromEntries(Object.entries(part).sort()) : part));
}

function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function split(text, at) {
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function ordered(names) {
  return [...new Set(names)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

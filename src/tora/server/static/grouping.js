// Experiments taken together by a hyperparameter or by their tags, and their series as one mean with a band. Pure.
import { canonical, dimensionOf, valueOf } from "./dimensions.js";
import { number, parameter } from "./format.js";

const LARGEST_X = 1000;

/**
 * Return `{key, label, members}` of each group, members being ids: by "tag" one group a tag, so that an experiment with
 * two tags is in two; by a hyperparameter one group a value. Those without come last, under a null key.
 */
export function groupsOf(experiments, by) {
  const groups = new Map();
  const add = (value, { id }) => {
    const key = value === undefined ? null : canonical(value);
    if (!groups.has(key)) groups.set(key, { key, value, label: labelOf(value, by), members: [] });
    groups.get(key).members.push(id);
  };
  for (const experiment of experiments) keysOf(experiment, by).forEach((value) => add(value, experiment));
  return [...groups.values()].sort(byValue).map(({ key, label, members }) => ({ key, label, members }));
}

function keysOf(experiment, by) {
  if (by !== "tag") return [valueOf(experiment, dimensionOf(by))];
  return experiment.tags?.length ? experiment.tags : [undefined];
}

function labelOf(value, by) {
  if (by === "tag") return value ?? "no tag";
  const { name } = dimensionOf(by);
  if (value === undefined) return `no ${name}`;
  return `${name} = ${typeof value === "number" ? number(value, 6) : parameter(value)}`;
}

function byValue(a, b) {
  if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
  if (typeof a.value === "number" && typeof b.value === "number") return a.value - b.value;
  return a.label.localeCompare(b.label, "en", { numeric: true });
}

/**
 * Return several series as one: at each x that one of them has, the mean over those whose range holds it, each
 * interpolated linearly between its points. `band` is "range" (lowest to highest) or "deviation" (one sample standard
 * deviation either way). Nothing is made up: a series counts neither outside its range nor next to a NaN or infinity.
 */
export function combined(many, band) {
  const xs = commonX(many);
  const columns = { x: [], last: [], min: [], max: [], count: [] };
  const readers = many.map(interpolated);
  for (const x of xs) addMean(columns, x, readers.map((read) => read(x)).filter(Number.isFinite), band);
  return columns;
}

function commonX(many) {
  const xs = [...new Set(many.flatMap(({ x }) => x))].sort((a, b) => a - b);
  if (xs.length <= LARGEST_X) return xs;
  // More than a screen has pixels: evenly chosen ones, the first and the last among them.
  return Array.from({ length: LARGEST_X }, (_, index) => xs[Math.round((index * (xs.length - 1)) / (LARGEST_X - 1))]);
}

/** Return what answers a series' value at ascending x, NaN where it has none. */
function interpolated({ x: xs, last }) {
  let next = 0;
  return (x) => {
    while (next < xs.length && xs[next] < x) next += 1;
    if (next === xs.length || (next === 0 && xs[0] > x)) return NaN;
    if (xs[next] === x) return last[next];
    const share = (x - xs[next - 1]) / (xs[next] - xs[next - 1]);
    return last[next - 1] + share * (last[next] - last[next - 1]);
  };
}

function addMean(columns, x, values, band) {
  if (values.length === 0) return;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [low, high] = band === "deviation" ? deviation(values, mean) : [Math.min(...values), Math.max(...values)];
  columns.x.push(x);
  columns.last.push(mean);
  columns.min.push(low);
  columns.max.push(high);
  columns.count.push(values.length);
}

function deviation(values, mean) {
  if (values.length === 1) return [mean, mean];
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const one = Math.sqrt(squares / (values.length - 1));
  return [mean - one, mean + one];
}

// A plot with an axis for each dimension and a line for each experiment: its axes, lines and brushes. Pure.
//
// A brush is `[from, to]`: numbers on an axis of numbers, indexes on an axis of words.
import { canonical, dimensionOf, metricDimension, metricNames, paramDimension, paramNames, valueOf } from "./dimensions.js";
import { headline } from "./groups.js";
import { axisOf, placeOf, wordIndex } from "./scale.js";

const PARAMS_AT_FIRST = 6;

/** Return the texts of the axes to begin with: hyperparameters that differ, then the metric to judge by. */
export function axesAtFirst(experiments) {
  const params = paramNames(experiments).filter((name) => differs(experiments, paramDimension(name)));
  const [judge] = headline(metricNames(experiments).map((name) => ({ name })), 1);
  return [
    ...params.slice(0, PARAMS_AT_FIRST).map((name) => paramDimension(name).text),
    ...(judge ? [metricDimension(judge.name).text] : []),
  ];
}

function differs(experiments, dimension) {
  return new Set(experiments.map((experiment) => canonical(valueOf(experiment, dimension)))).size > 1;
}

/** Return `{dimension, axis, values}` of each text that is a dimension; `values` follow the experiments. */
export function axesOf(experiments, texts) {
  const dimensions = [...new Set(texts)].map(dimensionOf).filter(Boolean);
  return dimensions.map((dimension) => {
    const values = experiments.map((experiment) => valueOf(experiment, dimension));
    return { dimension, values, axis: axisOf(values) };
  });
}

/** Return for each experiment its place on each axis, null where it has no value there. */
export function linesOf(experiments, axes) {
  return experiments.map((_, index) => axes.map(({ axis, values }) => placeOf(axis, values[index])));
}

/** Return the ids of the experiments that every brush lets through, null where there is no brush. */
export function brushed(experiments, axes, brushes) {
  const active = axes.filter(({ dimension }) => brushes.has(dimension.text));
  if (active.length === 0) return null;
  const within = (index) =>
    active.every(({ dimension, axis, values }) => isWithin(axis, brushes.get(dimension.text), values[index]));
  return new Set(experiments.filter((_, index) => within(index)).map(({ id }) => id));
}

function isWithin(axis, [from, to], value) {
  // What is missing has no place on the axis, so no brush holds it.
  if (placeOf(axis, value) === null) return false;
  const compared = axis.kind === "words" ? wordIndex(axis, value) : value;
  return compared >= from && compared <= to;
}

/** Return the texts with one moved by so many places. */
export function moved(texts, text, by) {
  const from = texts.indexOf(text);
  const to = Math.min(texts.length - 1, Math.max(0, from + by));
  const rest = texts.filter((each) => each !== text);
  return [...rest.slice(0, to), text, ...rest.slice(to)];
}

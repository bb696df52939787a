// What an experiment has under a column. Pure.

const summaries = new WeakMap();

/** The summary of a metric of an experiment, undefined where it has none. */
export function metricOf(experiment, name) {
  // Kept by the list itself: a row is drawn often, and may have many metrics.
  const { metrics = [] } = experiment;
  if (!summaries.has(metrics)) summaries.set(metrics, new Map(metrics.map((summary) => [summary.name, summary])));
  return summaries.get(metrics).get(name);
}

/** A metric's last, min or max; undefined where the experiment lacks the metric. */
export function statisticOf(experiment, { name, statistic }) {
  return metricOf(experiment, name)?.[statistic];
}

/** A hyperparameter's value; undefined where the experiment lacks it. */
export function parameterOf(experiment, key) {
  return experiment.hyperparams.find((pair) => pair.key === key)?.value;
}

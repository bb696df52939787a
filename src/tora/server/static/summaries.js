// The summary of each metric, kept current from live points between two answers of the server. Pure.

/** Return the summaries with the new points counted in; names that have none yet are left out. */
export function withPoints(summaries, additions) {
  const added = new Map();
  for (const addition of additions.filter(({ reload }) => !reload)) {
    added.set(addition.name, [...(added.get(addition.name) ?? []), addition]);
  }
  return summaries.map((summary) => (added.get(summary.name) ?? []).reduce(addTo, summary));
}

/** Whether the additions tell less than there is: a metric without a summary, or more points than are told. */
export function isIncomplete(summaries, additions) {
  const known = new Set(summaries.map(({ name }) => name));
  return additions.some(({ name, reload }) => reload || !known.has(name));
}

function addTo(summary, { x, y }) {
  const finite = y.map(Number).filter(Number.isFinite);
  return {
    ...summary,
    count: summary.count + y.length,
    last: y.at(-1),
    min: extreme(Math.min, summary.min, finite),
    max: extreme(Math.max, summary.max, finite),
    lastStep: summary.lastStep === null ? null : extreme(Math.max, summary.lastStep, x),
    nonFinite: summary.nonFinite + y.length - finite.length,
  };
}

function extreme(choose, before, values) {
  return values.reduce((chosen, value) => (chosen === null ? value : choose(chosen, value)), before);
}

// What differs between experiments, as rows of a table with a cell for each of them. Pure.
import { canonical, dimensionOf, paramDimension, paramNames, valueOf } from "./dimensions.js";
import { number, parameter } from "./format.js";

/**
 * Return `{key, kind, label, cells, differs}` of each row: `metrics` (texts of dimensions), then hyperparameters, then
 * tags. A cell is `{text, differs, mark}`: whether it is another value than the reference's, and for metrics whether it
 * is the lowest or the highest of its row. `all` keeps the rows in which all are the same.
 */
export function differenceRows(experiments, { metrics = [], reference = null, all = false } = {}) {
  const base = Math.max(0, experiments.findIndex(({ id }) => id === reference));
  const rows = [
    ...metrics.map(dimensionOf).filter(Boolean).map((dimension) => metricRow(experiments, dimension)),
    ...paramNames(experiments).map((name) => paramRow(experiments, paramDimension(name), base)),
    ...tagNames(experiments).map((tag) => tagRow(experiments, tag, base)),
  ];
  // A metric was asked for by name: it stays, whether it differs or not.
  return rows.filter(({ kind, differs }) => all || differs || kind === "metric");
}

function paramRow(experiments, dimension, base) {
  const values = experiments.map((experiment) => valueOf(experiment, dimension));
  const cells = values.map((value) => ({ key: canonical(value), text: value === undefined ? null : shown(value) }));
  return { key: dimension.text, kind: "param", label: dimension.label, ...compared(cells, base) };
}

function tagRow(experiments, tag, base) {
  const cells = experiments.map(({ tags }) => (tags?.includes(tag) ? { key: "yes", text: "yes" } : { key: "no", text: null }));
  return { key: `tag:${tag}`, kind: "tag", label: tag, ...compared(cells, base) };
}

function compared(cells, base) {
  return {
    cells: cells.map(({ key, text }) => ({ text, differs: key !== cells[base].key, mark: null })),
    differs: cells.some(({ key }) => key !== cells[0].key),
  };
}

function metricRow(experiments, dimension) {
  const values = experiments.map((experiment) => valueOf(experiment, dimension));
  const finite = values.map(Number).filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const differs = low < high;
  const mark = (value) => (differs && value === low ? "lowest" : differs && value === high ? "highest" : null);
  const cells = values.map((value) => ({ text: value === undefined ? null : number(value), differs: false, mark: mark(value) }));
  return { key: dimension.text, kind: "metric", label: dimension.label, cells, differs };
}

function shown(value) {
  return typeof value === "number" ? number(value, 6) : parameter(value);
}

function tagNames(experiments) {
  return [...new Set(experiments.flatMap(({ tags }) => tags ?? []))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

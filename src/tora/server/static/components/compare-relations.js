// What results depend on: a plot with an axis for each dimension, and one of any two.
import { html } from "../lib.js";
import { Parallel } from "./compare-parallel.js";
import { Scatter } from "./compare-scatter.js";
import { Empty } from "./parts.js";

export function Relations({ store, view, picture }) {
  if (picture.shown.length === 0) {
    return html`<${Empty} title="All experiments are hidden"><p>Check one in the list to see it here.</p><//>`;
  }
  return html`<${Parallel} ...${{ store, view, picture }} /><${Scatter} ...${{ store, view, picture }} />`;
}

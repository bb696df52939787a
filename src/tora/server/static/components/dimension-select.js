// A choice among hyperparameters and the summaries of metrics.
import { metricDimension, metricNames, paramDimension, paramNames, STATS } from "../dimensions.js";
import { html, useMemo } from "../lib.js";

/** `empty` is what stands there while nothing is chosen; `params` and `metrics` say which kinds are offered. */
export function DimensionSelect({ label, value, onChange, experiments, empty = null, params = true, metrics = true, except = [] }) {
  const names = useMemo(() => ({ params: paramNames(experiments), metrics: metricNames(experiments) }), [experiments]);
  const taken = new Set(except);
  const option = ({ text, label: name }) => !taken.has(text) && html`<option key=${text} value=${text}>${name}</option>`;
  const onSelect = (event) => {
    const chosen = event.currentTarget.value;
    // A select that adds is a button with choices: it goes back to what it says.
    if (empty !== null) event.currentTarget.value = "";
    if (chosen) onChange(chosen);
  };
  return html`<select class="dimension" aria-label=${label} value=${value ?? ""} onChange=${onSelect}>
    ${empty !== null && html`<option value="">${empty}</option>`}
    ${params && html`<optgroup label="Hyperparameters">${names.params.map((name) => option(paramDimension(name)))}</optgroup>`}
    ${metrics &&
    STATS.map(
      (stat) => html`<optgroup key=${stat} label=${`Metrics, ${stat}`}>
        ${names.metrics.map((name) => option(metricDimension(name, stat)))}
      </optgroup>`,
    )}
  </select>`;
}

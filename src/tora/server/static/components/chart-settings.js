// The bar over the charts of a page: how all of them are drawn, and the way back from a zoom.
import { momentLabel } from "../axis-labels.js";
import { count } from "../format.js";
import { html } from "../lib.js";
import { useKeys } from "../keyboard.js";
import { chartSettings, MOST_SMOOTHING, setChart } from "../state/chart-settings.js";
import { MOST_VALUES } from "../writer-labels.js";
import { placeLabel } from "./chart-readout.js";

const AXES = [
  ["step", "Step"],
  ["time", "Time"],
  ["relative", "Relative time"],
];
const WRITERS = [
  ["one", "One line"],
  ["across", "Across writers"],
];
// The slider's end is for the heaviest smoothing; its steps grow finer towards it.
const SLIDER = 100;

/**
 * `zoom` is the page's zoom, `writers` whether its charts can be drawn across writers, `labels` by which labels these can be taken
 * together; `settings` is a signal of how the charts are drawn then.
 */
export function ChartSettings({ zoom, writers = false, labels = [], settings = chartSettings, children = null }) {
  const { x, logX, logY, band } = chartSettings.value;
  const across = writers && chartSettings.value.writers === "across";
  return html`<div class="chart-settings" role="group" aria-label="How charts are drawn">
    <${Smoothing} />
    <${Choice} label="Axis" name="x" options=${AXES} />
    ${writers && html`<${Choice} label="Writers" name="writers" options=${WRITERS} />`}
    ${across && labels.length > 0 && html`<${By} labels=${labels} value=${settings.value.by} />`}
    <${Switch} label="Log y" name="logY" on=${logY} />
    <${Switch} label="Log x" name="logX" on=${logX && x !== "time"} disabled=${x === "time"} />
    <${Switch} label="Band" name="band" on=${band} title="The range from the lowest to the highest value around each point" />
    ${children}
    <${ResetZoom} zoom=${zoom} />
  </div>`;
}

function Smoothing() {
  const { smoothing } = chartSettings.value;
  const onInput = ({ currentTarget: { value } }) => setChart("smoothing", factorOf(Number(value)));
  const title = "Exponential moving average, debiased; influence fades with the distance on the axis";
  return html`<label class="smoothing" title=${title}>
    <span>Smoothing</span>
    <input type="range" min="0" max=${SLIDER} value=${placeOf(smoothing)} aria-valuetext=${String(smoothing)} onInput=${onInput} />
    <output>${smoothing}</output>
  </label>`;
}

function factorOf(place) {
  if (place <= 90) return place / 100;
  return place >= SLIDER ? MOST_SMOOTHING : Number((1 - 10 ** (-1 - (place - 90) / 5)).toFixed(3));
}

function placeOf(factor) {
  return factor <= 0.9 ? Math.round(factor * 100) : Math.round(90 + (-1 - Math.log10(1 - factor)) * 5);
}

function Choice({ label, name, options }) {
  const onChange = ({ currentTarget }) => setChart(name, currentTarget.value);
  return html`<label>
    <span>${label}</span>
    <select value=${chartSettings.value[name]} onChange=${onChange}>
      ${options.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}
    </select>
  </label>`;
}

/** A label of more values than can be told apart is there, and says why it cannot be chosen. */
function By({ labels, value }) {
  const onChange = ({ currentTarget }) => setChart("by", currentTarget.value);
  return html`<label title="A line with its band for each value of a label of the writers">
    <span>By</span>
    <select value=${value} onChange=${onChange}>
      <option value="">none</option>
      ${labels.map(
        ({ name, values }) => html`<option key=${name} value=${name} disabled=${values > MOST_VALUES}>
          ${values > MOST_VALUES ? `${name} (${count(values)} values)` : name}
        </option>`,
      )}
    </select>
  </label>`;
}

function Switch({ label, name, on, disabled = false, title = null }) {
  const onChange = ({ currentTarget }) => setChart(name, currentTarget.checked);
  return html`<label title=${title}>
    <input type="checkbox" checked=${on} disabled=${disabled} onChange=${onChange} /><span>${label}</span>
  </label>`;
}

function ResetZoom({ zoom }) {
  const range = zoom.on(chartSettings.value.x);
  const reset = () => (zoom.range.peek() === null ? false : zoom.reset());
  useKeys([{ keys: "Escape", label: "Reset the zoom of the charts", run: reset }]);
  if (range === null) return null;
  return html`<button type="button" class="reset-zoom" aria-keyshortcuts="Escape" onClick=${reset} title=${shownRange(range)}>Reset zoom</button>`;
}

function shownRange({ x, from, to }) {
  if (x === "time") return `Shown: ${momentLabel(from)} to ${momentLabel(to)}`;
  const rounded = (value) => (x === "step" ? Math.round(value) : value);
  return `Shown: ${placeLabel(x, rounded(from))} to ${placeLabel(x, rounded(to))}`;
}

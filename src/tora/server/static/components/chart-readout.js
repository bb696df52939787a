// What several lines say at the cursor, the largest first.
import { momentLabel, spanLabel } from "../axis-labels.js";
import { number } from "../format.js";
import { nearest } from "../layers.js";
import { html } from "../lib.js";

const MOST = 12;

/** Where on the axis something is, as people say it. */
export function placeLabel(kind, x) {
  if (kind === "time") return momentLabel(x);
  return kind === "relative" ? spanLabel(x) : `step ${number(x, 9)}`;
}

/** `cursor` is a signal of `{x, share}`, null where no cursor is. Not for screen readers: it follows the mouse. */
export function ChartReadout({ lines, x: kind, cursor }) {
  const at = cursor.value;
  if (at === null) return null;
  const values = valuesAt(lines, at.x);
  const more = values.length - MOST;
  return html`<div class=${`chart-readout ${at.share > 0.5 ? "at-start" : "at-end"}`} aria-hidden="true">
    <p>${placeLabel(kind, at.x)}</p>
    <ul>
      ${values.slice(0, MOST).map(({ line, value }) => html`<${Line} key=${line.key ?? line.label} line=${line} value=${value} />`)}
    </ul>
    ${more > 0 && html`<p>and ${more} more</p>`}
  </div>`;
}

function Line({ line: { color, label }, value }) {
  return html`<li>
    <span class="swatch" style=${{ "--swatch": `var(${color})` }}></span><bdi>${label}</bdi> <b>${number(value)}</b>
  </li>`;
}

/** Return `{line, value}` of the lines that reach this x, NaN last. */
export function valuesAt(lines, x) {
  return lines
    .filter(({ columns: { x: xs } }) => xs.length > 0 && xs[0] <= x && x <= xs.at(-1))
    .map((line) => ({ line, value: line.columns.last[nearest(line.columns.x, x)] }))
    .sort((a, b) => order(b.value) - order(a.value));
}

function order(value) {
  return Number.isNaN(value) ? -Number.MAX_VALUE : Math.max(-1e308, Math.min(1e308, value));
}

// The axes of the parallel plot as fields: the order, the bounds of each brush, and what goes, all by keyboard.
import { html, useState } from "../lib.js";
import { moved } from "../parallel.js";
import { setBrush } from "./compare-axis.js";

export function AxisFields({ axes, brushes, setAxes }) {
  const texts = axes.map(({ dimension }) => dimension.text);
  return html`<details class="axis-fields">
    <summary>Axes and ranges</summary>
    <ul>
      ${axes.map(
        ({ dimension: { text, label }, axis }, index) => html`<li key=${text}>
          <bdi title=${label}>${label}</bdi>
          <${axis.kind === "words" ? Words : Bounds} ...${{ text, label, axis, bounds: brushes.get(text) }} />
          <span class="axis-buttons">
            <${Move} side="left" sign="←" ...${{ label }} onClick=${index > 0 && (() => setAxes(moved(texts, text, -1)))} />
            <${Move} side="right" sign="→" ...${{ label }} onClick=${index < axes.length - 1 && (() => setAxes(moved(texts, text, 1)))} />
            <${Remove} label=${label} onClick=${() => remove(texts, text, setAxes)} />
          </span>
        </li>`,
      )}
    </ul>
  </details>`;
}

function Move({ side, sign, label, onClick }) {
  const said = { title: `Move ${side}`, "aria-label": `Move ${label} ${side}` };
  return html`<button type="button" class="quiet icon" disabled=${!onClick} onClick=${onClick || null} ...${said}>${sign}</button>`;
}

function Remove({ label, onClick }) {
  return html`<button type="button" class="quiet icon" onClick=${onClick} aria-label=${`Remove the axis ${label}`} title="Remove">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8" /></svg>
  </button>`;
}

function remove(texts, text, setAxes) {
  setBrush(text, null);
  setAxes(texts.filter((each) => each !== text));
}

function Bounds({ text, label, axis, bounds }) {
  const [from, to] = bounds ?? [];
  const set = (index, typed) => {
    const next = [from ?? axis.low, to ?? axis.high];
    next[index] = typed === "" ? [axis.low, axis.high][index] : Number(typed);
    setBrush(text, next.every(Number.isFinite) ? next : null);
  };
  const field = (index, name, value) =>
    html`<${Bound}
      aria-label=${`${label}, ${name}`}
      placeholder=${short([axis.low, axis.high][index])}
      value=${value === undefined ? "" : short(value)}
      onSet=${(typed) => set(index, typed)}
    />`;
  return html`<span class="bounds">${field(0, "from", from)} to ${field(1, "to", to)}</span><${Clear} ...${{ text, label, bounds }} />`;
}

// What is typed stays through each drawing, until it is set.
function Bound({ value, onSet, ...input }) {
  const [typed, setTyped] = useState(null);
  const onChange = () => {
    setTyped(null);
    if (typed !== null) onSet(typed);
  };
  const onInput = ({ currentTarget }) => setTyped(currentTarget.value);
  return html`<input type="number" step="any" value=${typed ?? value} onInput=${onInput} onChange=${onChange} ...${input} />`;
}

function Words({ text, label, axis, bounds }) {
  const last = axis.words.length - 1;
  const [from, to] = bounds ?? [0, last];
  const set = (index) => (event) => {
    const next = [from, to];
    next[index] = Number(event.currentTarget.value);
    setBrush(text, next.sort((a, b) => a - b));
  };
  const choice = (index, name, value) =>
    html`<select aria-label=${`${label}, ${name}`} value=${String(value)} onChange=${set(index)}>
      ${axis.words.map(({ key, text: word }, each) => html`<option key=${key} value=${String(each)}>${word}</option>`)}
    </select>`;
  return html`<span class="bounds">${choice(0, "from", from)} to ${choice(1, "to", to)}</span><${Clear} ...${{ text, label, bounds }} />`;
}

function Clear({ text, label, bounds }) {
  const clear = () => setBrush(text, null);
  const said = `Clear the range of ${label}`;
  return html`<button type="button" class="quiet" disabled=${!bounds} onClick=${clear} aria-label=${said}>All</button>`;
}

/** A bound that was dragged has more digits than anybody can point at. */
function short(value) {
  return Number(value.toPrecision(6));
}

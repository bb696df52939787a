// The dialog in which a reader chooses the columns of the list and their order.
import { count } from "../format.js";
import { filterByName } from "../groups.js";
import { html, useState } from "../lib.js";
import { FIXED, moved, parseColumn, STATISTICS, titleOf } from "../list-columns.js";
import { changeView } from "../state/view.js";
import { Dialog } from "./dialog.js";

const OFFERED = 60;

/** `keys` are those of the columns that are shown, `own` whether they are the list's own choice. */
export function ColumnPicker({ keys, own, found, onClose }) {
  const [text, setText] = useState("");
  const choose = (columns) => changeView({ columns });
  const toggle = (key) => choose(keys.includes(key) ? keys.filter((other) => other !== key) : [...keys, key]);
  const offer = { keys, toggle };
  return html`<${Dialog} title="Columns" class="column-picker" onClose=${onClose}>
    <div class="shown">
      <h3>Shown, in this order</h3>
      <ol>
        ${keys.map((key, place) => html`<${Shown} key=${key} ...${{ id: key, place, keys, choose }} />`)}
      </ol>
      <button type="button" disabled=${own} onClick=${() => choose(null)}>Reset the columns</button>
    </div>
    <div class="offered">
      <input
        type="search"
        aria-label="Find a column"
        placeholder="Find a column"
        autocomplete="off"
        value=${text}
        onInput=${(event) => setText(event.currentTarget.value)}
      />
      <div class="offers">
        <${Offers} title="Experiment" items=${filterByName(FIXED.map(asFixed), text)} ...${offer} />
        <${Offers} title="Metrics" items=${filterByName(found.metrics, text)} kinds=${metricKinds} ...${offer} />
        <${Offers} title="Hyperparameters" items=${filterByName(found.params, text)} kinds=${paramKinds} ...${offer} />
      </div>
    </div>
  <//>`;
}

const asFixed = (key) => ({ name: titleOf(parseColumn(key)), key });
const fixedKinds = ({ key }) => [[key, "show"]];
const paramKinds = ({ name }) => [[`param:${name}`, "show"]];
const metricKinds = ({ name }) => [
  ...STATISTICS.map((statistic) => [`metric:${name}:${statistic}`, statistic]),
  [`spark:${name}`, "line"],
];

function Shown({ id, place, keys, choose }) {
  const column = parseColumn(id);
  const title = column ? titleOf(column) : id;
  const move = (by) => choose(moved(keys, id, by));
  return html`<li>
    <bdi title=${title}>${title}</bdi>
    <button type="button" class="quiet icon" disabled=${place === 0} aria-label=${`Move ${title} to the front`} onClick=${() => move(-1)}>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 13V3m-4 4 4-4 4 4" /></svg>
    </button>
    <button type="button" class="quiet icon" disabled=${place === keys.length - 1} aria-label=${`Move ${title} to the back`} onClick=${() => move(1)}>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 3v10m-4-4 4 4 4-4" /></svg>
    </button>
    <button
      type="button"
      class="quiet icon"
      disabled=${keys.length === 1}
      aria-label=${`Take ${title} out`}
      onClick=${() => choose(keys.filter((other) => other !== id))}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8" /></svg>
    </button>
  </li>`;
}

function Offers({ title, items, kinds = fixedKinds, keys, toggle }) {
  if (items.length === 0) return null;
  const left = items.length - OFFERED;
  return html`<section aria-label=${title}>
    <h3>${title}</h3>
    <ul>
      ${items.slice(0, OFFERED).map(
        (item) => html`<li key=${item.name}>
          <bdi title=${item.name}>${item.name}</bdi>
          ${kinds(item).map(
            ([key, text]) => html`<button
              key=${key}
              type="button"
              aria-pressed=${keys.includes(key) ? "true" : "false"}
              aria-label=${`${item.name}: ${text}`}
              onClick=${() => toggle(key)}
            >
              ${text}
            </button>`,
          )}
        </li>`,
      )}
    </ul>
    ${left > 0 && html`<p class="muted">and ${count(left)} more: search for them</p>`}
  </section>`;
}

// The experiments of a comparison: which colour each has, which are shown, and how they are grouped.
import { counted } from "../format.js";
import { paramNames } from "../dimensions.js";
import { useKeys } from "../keyboard.js";
import { html, useMemo, useRef } from "../lib.js";
import { changeView, outstanding } from "../state/compare-view.js";
import { AddExperiment } from "./compare-add.js";
import { Status } from "./parts.js";

const WIDE = matchMedia("(min-width: 1001px)");

export function Compared({ store, view, picture }) {
  const { experiments, shown, selected } = picture;
  const list = useRef(null);
  useListKeys(list, experiments);
  const all = counted(shown.length, "experiment");
  const note = selected ? `${selected.size} of ${all} within the brushes` : all;
  return html`<details class="compared" open=${useMemo(() => WIDE.matches, [])}>
    <summary><h2>Experiments</h2><span class="muted" role="status">${note}</span></summary>
    <${GroupBy} ...${{ view, experiments }} />
    <${Groups} ...${{ store, picture }} />
    <p class="compared-all">
      <button type="button" class="quiet" onClick=${() => changeView({ hidden: "" })}>Show all</button>
      <button type="button" class="quiet" onClick=${() => changeView({ hidden: experiments.map(({ id }) => id).join() })}>Hide all</button>
    </p>
    <ul class="compared-list" ref=${list}>
      ${experiments.map((experiment) => html`<${Row} key=${experiment.id} ...${{ store, view, picture, experiment }} />`)}
    </ul>
    <${AddExperiment} ids=${view.ids} />
  </details>`;
}

function Row({ store, view, picture, experiment: { id, name, status } }) {
  const isShown = !view.hidden.has(id);
  const active = outstanding(store, picture);
  const [on, off] = [() => store.point([id]), () => store.point(null)];
  const point = { onMouseEnter: on, onMouseLeave: off, onFocusIn: on, onFocusOut: off };
  return html`<li data-id=${id} data-state=${active && (active.has(id) ? "pointed" : "faded")} ...${point}>
    <label title=${name}>
      <input type="checkbox" checked=${isShown} onChange=${() => toggle(id)} aria-label=${`Show ${name}`} />
      <span class="swatch" aria-hidden="true" style=${swatch(isShown && picture.colorOf.get(id))}></span>
      <bdi>${picture.names.get(id)}</bdi>
    </label>
    <${Status} status=${status} />
    <a href=${`/e/${encodeURIComponent(id)}`} aria-label=${`Open ${name}`} title="Open">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 3h7v7M13 3 4 12" /></svg>
    </a>
    <button type="button" class="quiet" onClick=${() => remove(id)} aria-label=${`Remove ${name} from the comparison`} title="Remove">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8" /></svg>
    </button>
  </li>`;
}

export function swatch(color) {
  return { "--swatch": color ? `var(${color})` : "transparent" };
}

function toggle(id) {
  changeView(({ hidden }) => ({
    hidden: (hidden.has(id) ? [...hidden].filter((each) => each !== id) : [...hidden, id]).join(),
  }));
}

function remove(id) {
  changeView(({ ids, hidden }) => ({
    ids: ids.filter((each) => each !== id).join(),
    hidden: [...hidden].filter((each) => each !== id).join(),
  }));
}

function GroupBy({ view, experiments }) {
  const params = useMemo(() => paramNames(experiments), [experiments]);
  return html`<div class="group-by">
    <label>
      <span>Group by</span>
      <select value=${view.group} onChange=${(event) => changeView({ group: event.currentTarget.value })}>
        <option value="">nothing</option>
        <option value="tag">tag</option>
        <optgroup label="Hyperparameters">
          ${params.map((name) => html`<option key=${name} value=${`param:${name}`}>${name}</option>`)}
        </optgroup>
      </select>
    </label>
    ${view.group &&
    html`<label>
      <span>Spread</span>
      <select value=${view.band} onChange=${(event) => changeView({ band: event.currentTarget.value })}>
        <option value="range">lowest to highest</option>
        <option value="deviation">± 1 standard deviation</option>
      </select>
    </label>`}
  </div>`;
}

function Groups({ store, picture: { groups, groupColors } }) {
  if (!groups) return null;
  return html`<ul class="groups" aria-label="Groups">
    ${groups.map(
      ({ key, label, members }) => html`<li
        key=${String(key)}
        title=${label}
        onMouseEnter=${() => store.point(members)}
        onMouseLeave=${() => store.point(null)}
      >
        <span class="swatch" aria-hidden="true" style=${swatch(groupColors.get(String(key)))}></span>
        <bdi>${label}</bdi><span class="muted">${counted(members.length, "experiment")}</span>
      </li>`,
    )}
  </ul>`;
}

/** j and k walk over the experiments, x shows or hides the one that was reached. */
function useListKeys(list, experiments) {
  const boxes = () => [...list.current.querySelectorAll("input")];
  const reached = () => boxes().indexOf(document.activeElement);
  const walk = (by) => boxes()[Math.min(experiments.length - 1, Math.max(0, reached() < 0 ? 0 : reached() + by))]?.focus();
  useKeys([
    { keys: "j", label: "Next experiment of the comparison", run: () => walk(1) },
    { keys: "k", label: "Experiment before", run: () => walk(-1) },
    { keys: "x", label: "Show or hide the experiment", run: () => reached() >= 0 && toggle(experiments[reached()].id) },
  ]);
}

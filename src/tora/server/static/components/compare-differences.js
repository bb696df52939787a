// The table of what differs: a row for each metric, hyperparameter and tag, a column for each experiment.
import { differenceRows } from "../difference.js";
import { dimensionOf, metricDimension, metricNames } from "../dimensions.js";
import { headline } from "../groups.js";
import { html, useMemo } from "../lib.js";
import { changeView } from "../state/compare-view.js";
import { swatch } from "./compare-list.js";
import { DimensionSelect } from "./dimension-select.js";
import { Empty } from "./parts.js";

const METRICS_AT_FIRST = 3;
const MARKS = { lowest: "▼", highest: "▲" };

export function Differences({ view, picture }) {
  const { shown, experiments } = picture;
  const metrics = useMemo(() => view.rows ?? metricsAtFirst(experiments), [view.rows?.join("\n"), experiments]);
  const { reference, all } = view;
  const rows = useMemo(() => differenceRows(shown, { metrics, reference, all }), [shown, metrics, reference, all]);
  const add = (text) => changeView({ row: [...metrics, text] });
  return html`<section class="differences" aria-label="What differs">
    <div class="compare-tools">
      <label class="check">
        <input type="checkbox" checked=${all} onChange=${() => changeView({ all: all ? null : "yes" })} /> Show what is the same, too
      </label>
      <${DimensionSelect}
        label="Add a metric to the table"
        empty="Add a metric…"
        onChange=${add}
        params=${false}
        ...${{ experiments, except: metrics }}
      />
      <p class="muted"><b>≠</b> other than the reference, <b>▼</b> lowest, <b>▲</b> highest</p>
    </div>
    ${shown.length === 0 || rows.length === 0
      ? html`<${Same} shown=${shown} />`
      : html`<${Table} ...${{ rows, shown, picture, reference, metrics }} />`}
  </section>`;
}

function metricsAtFirst(experiments) {
  const names = metricNames(experiments).map((name) => ({ name }));
  return headline(names, METRICS_AT_FIRST).map(({ name }) => metricDimension(name).text);
}

function Same({ shown }) {
  if (shown.length === 0) return html`<${Empty} title="All experiments are hidden"><p>Check one in the list to see it here.</p><//>`;
  return html`<${Empty} title="Nothing differs"><p>Hyperparameters and tags are the same in all of them.</p><//>`;
}

function Table({ rows, shown, picture, reference, metrics }) {
  const base = shown.some(({ id }) => id === reference) ? reference : shown[0].id;
  return html`<div class="table-frame" tabindex="0" role="region" aria-label="Table of differences">
    <table>
      <thead>
        <tr>
          <th scope="col">What</th>
          ${shown.map(({ id, name }) => html`<${Column} key=${id} ...${{ id, name, picture, isBase: id === base }} />`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => html`<${Row} key=${row.key} ...${{ row, shown, metrics }} />`)}
      </tbody>
    </table>
  </div>`;
}

function Column({ id, name, picture, isBase }) {
  const compare = () => changeView({ reference: id });
  return html`<th scope="col">
    <span class="swatch" aria-hidden="true" style=${swatch(picture.colorOf.get(id))}></span>
    <a href=${`/e/${encodeURIComponent(id)}`} title=${name}><bdi>${picture.names.get(id)}</bdi></a>
    ${isBase
      ? html`<span class="reference">Reference</span>`
      : html`<button type="button" class="quiet" onClick=${compare} aria-label=${`Compare with ${name}`}>Compare with</button>`}
  </th>`;
}

function Row({ row: { key, kind, label, cells }, shown, metrics }) {
  const takeOut = () => changeView({ row: metrics.filter((each) => each !== key) });
  return html`<tr data-row=${key}>
    <th scope="row">
      ${kind !== "param" && html`<span class="kind">${kind}</span>`}
      <bdi title=${label}>${label}</bdi>
      ${kind === "metric" &&
      html`<button type="button" class="quiet" aria-label=${`Take ${dimensionOf(key).label} out of the table`} onClick=${takeOut}>
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8" /></svg>
      </button>`}
    </th>
    ${cells.map((cell, index) => html`<${Cell} key=${shown[index].id} ...${cell} />`)}
  </tr>`;
}

function Cell({ text, differs, mark }) {
  return html`<td class=${differs ? "differs" : mark ?? ""}>
    ${differs && html`<span class="mark" role="img" aria-label="differs:">≠</span>`}
    ${mark && html`<span class="mark" role="img" aria-label=${`${mark}:`}>${MARKS[mark]}</span>`}
    ${text === null ? html`<span class="muted" role="img" aria-label="none">–</span>` : html`<bdi title=${text}>${text}</bdi>`}
  </td>`;
}

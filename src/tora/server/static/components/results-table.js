// The metrics of an experiment as a table of numbers: sorted by any column, taken away as CSV.
import { count, counted, number } from "../format.js";
import { html, useMemo, useState } from "../lib.js";
import { COLUMNS, sortedBy, toCsv } from "../results.js";
import { Copy } from "./parts.js";

const SHOWN_AT_FIRST = 200;
const FORMATS = { firstStep: step, lastStep: step, count, nonFinite: count };

export function ResultsTable({ summaries }) {
  const [{ key, descending }, setOrder] = useState({ key: "name", descending: false });
  const [all, setAll] = useState(false);
  const sorted = useMemo(() => sortedBy(summaries, key, descending), [summaries, key, descending]);
  const shown = all ? sorted : sorted.slice(0, SHOWN_AT_FIRST);
  const left = sorted.length - shown.length;
  // The first click on a column of numbers shows the largest.
  const sort = (wanted) => setOrder({ key: wanted, descending: wanted === key ? !descending : wanted !== "name" });
  return html`<section class="results" aria-label="Results">
    <header>
      <span class="muted">${counted(summaries.length, "metric")}</span>
      <${Copy} text=${() => toCsv(sorted)} label="Copy as CSV" name="Copy as CSV" />
    </header>
    <div class="scrolled" tabindex="0" role="region" aria-label="Table of results">
      <table>
        <thead>
          <tr>${COLUMNS.map((column) => html`<${Head} key=${column.key} ...${{ column, sort, isSorted: column.key === key, descending }} />`)}</tr>
        </thead>
        <tbody>${shown.map((summary) => html`<${RowWhenChanged} key=${summary.name} summary=${summary} />`)}</tbody>
      </table>
    </div>
    ${left > 0 && html`<button type="button" onClick=${() => setAll(true)}>Show all ${count(sorted.length)}</button>`}
  </section>`;
}

function Head({ column: { key, label }, isSorted, descending, sort }) {
  const order = descending ? "descending" : "ascending";
  return html`<th scope="col" aria-sort=${isSorted ? order : null}>
    <button type="button" class="quiet" onClick=${() => sort(key)}>${label}</button>
  </th>`;
}

function RowWhenChanged({ summary }) {
  return useMemo(() => html`<${Row} summary=${summary} />`, [summary]);
}

function Row({ summary }) {
  return html`<tr>
    <th scope="row" title=${summary.name}><bdi>${summary.name}</bdi></th>
    ${COLUMNS.slice(1).map(({ key }) => html`<td key=${key} title=${String(summary[key] ?? "")}>${(FORMATS[key] ?? number)(summary[key])}</td>`)}
  </tr>`;
}

/** An experiment whose points have no steps has no first and no last one. */
function step(value) {
  return value === null || value === undefined ? number(null) : count(value);
}

// Who writes to an experiment, those first that have been silent longest.
import { count } from "../format.js";
import { html, useMemo, useState } from "../lib.js";
import { statusCounts, stragglersFirst } from "../writers.js";
import { Status, When } from "./parts.js";

const SHOWN_AT_FIRST = 20;

export function WritersTable({ writers }) {
  const [all, setAll] = useState(false);
  const sorted = useMemo(() => stragglersFirst(writers), [writers]);
  const labelled = useMemo(() => writers.some(({ labels }) => Object.keys(labels ?? {}).length > 0), [writers]);
  const shown = all ? sorted : sorted.slice(0, SHOWN_AT_FIRST);
  return html`<section class="writers" aria-label="Writers">
    <p class="muted">${statusCounts(writers).map(([status, some]) => `${count(some)} ${status}`).join(", ")}. Stragglers first.</p>
    <div class="scrolled" tabindex="0" role="region" aria-label="Table of writers">
      <table>
        <thead>
          <tr>
            <th scope="col">Writer</th>
            ${labelled && html`<th scope="col">Labels</th>`}
            <th scope="col">Status</th>
            <th scope="col">Last seen</th>
            <th scope="col">First seen</th>
            <th scope="col" class="end">Metrics sent</th>
          </tr>
        </thead>
        <tbody>${shown.map((writer) => html`<${Row} key=${writer.writer} writer=${writer} labelled=${labelled} />`)}</tbody>
      </table>
    </div>
    ${shown.length < sorted.length && html`<button type="button" onClick=${() => setAll(true)}>Show all ${count(sorted.length)}</button>`}
  </section>`;
}

function Row({ writer: { writer, status, lastSeen, firstSeen, through, labels }, labelled }) {
  return html`<tr>
    <th scope="row" class="id" title=${writer}>${writer ? html`<bdi>${writer}</bdi>` : html`<span class="muted">without an id</span>`}</th>
    ${labelled && html`<td class="labels"><${Labels} labels=${labels} /></td>`}
    <td><${Status} status=${status} /></td>
    <td><${When} instant=${lastSeen} /></td>
    <td><${When} instant=${firstSeen} /></td>
    <td class="end">${through > 0 ? count(through) : "–"}</td>
  </tr>`;
}

function Labels({ labels }) {
  return Object.entries(labels ?? {}).map(
    ([name, value]) => html`<span key=${name} class="label" title=${`${name} = ${value}`}><bdi class="muted">${name}</bdi> <bdi>${value}</bdi></span>`,
  );
}

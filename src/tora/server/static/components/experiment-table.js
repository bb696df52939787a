// Experiments as rows; on a phone each row folds into a small card.
import { number } from "../format.js";
import { headline } from "../groups.js";
import { html } from "../lib.js";
import { Status, Tags, When } from "./parts.js";

const METRICS_SHOWN = 3;

export function ExperimentTable({ items }) {
  return html`<table class="experiments" role="table">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">Status</th>
        <th role="columnheader" scope="col">Name</th>
        <th role="columnheader" scope="col">Latest values</th>
        <th role="columnheader" scope="col" class="end">Created</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${items.map((experiment) => html`<${Row} key=${experiment.id} experiment=${experiment} />`)}
    </tbody>
  </table>`;
}

function Row({ experiment }) {
  const { id, name, status, tags, metrics, createdAt } = experiment;
  return html`<tr role="row" data-id=${id}>
    <td role="cell" class="state"><${Status} status=${status} /></td>
    <td role="cell" class="name">
      <div>
        <a href=${`/e/${encodeURIComponent(id)}`} title=${name}><bdi>${name}</bdi></a>
        <${Tags} tags=${tags} />
      </div>
    </td>
    <td role="cell" class="values"><${LatestValues} metrics=${metrics ?? []} /></td>
    <td role="cell" class="end when"><${When} instant=${createdAt} /></td>
  </tr>`;
}

function LatestValues({ metrics }) {
  if (metrics.length === 0) return html`<span class="muted">no metrics yet</span>`;
  const left = metrics.length - METRICS_SHOWN;
  return html`<dl class="latest">
    ${headline(metrics, METRICS_SHOWN).map(
      ({ name, last }) => html`<div key=${name}>
        <dt title=${name}><bdi>${name}</bdi></dt>
        <dd>${number(last)}</dd>
      </div>`,
    )}
    ${left > 0 && html`<div class="left"><dt>${`+${left} more`}</dt></div>`}
  </dl>`;
}

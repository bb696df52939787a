// Who an experiment is: name, life, tags, what can be done with it, and the plain facts.
import { duration } from "../format.js";
import { html } from "../lib.js";
import { now } from "../state/clock.js";
import { lastSign } from "../writers.js";
import { EditableName } from "./editable-name.js";
import { ExperimentActions } from "./experiment-actions.js";
import { Description } from "./notes.js";
import { Copy, Status, When } from "./parts.js";
import { TagsEditor } from "./tags-editor.js";

export function ExperimentHead({ store }) {
  const experiment = store.experiment.value;
  const { id, name, status, tags, archived, createdAt, workspaceId } = experiment;
  return html`<header class="experiment-head">
    <div class="trail-line">
      <p class="trail"><a href="/">Experiments</a></p>
      <${ExperimentActions} store=${store} />
    </div>
    <div class="title">
      <${EditableName} name=${name} onSave=${(changed) => store.change({ name: changed })} />
      <${Status} status=${status} />
      <${LastSeen} store=${store} />
      ${archived && html`<span class="badge">archived</span>`}
      <${TagsEditor} tags=${tags ?? []} onSave=${(changed) => store.change({ tags: changed })} />
    </div>
    <dl class="facts">
      <div><dt>Created</dt><dd><${When} instant=${createdAt} /></dd></div>
      <${Lasted} experiment=${experiment} />
      <div><dt>Id</dt><dd><span class="id" title=${id}>${id}</span><${Copy} text=${id} label="Copy the experiment's id" /></dd></div>
      ${workspaceId && html`<div><dt>Workspace</dt><dd><a class="id" href=${`/w/${workspaceId}`}>${workspaceId}</a></dd></div>`}
      <${Connection} state=${store.liveState.value?.value} status=${status} />
    </dl>
    <${Description} store=${store} />
  </header>`;
}

/** Of an experiment that has not ended: when it was heard of last. */
function LastSeen({ store }) {
  const { status } = store.experiment.value;
  if (status !== "running" && status !== "lost") return null;
  const seen = lastSign(store.writers.value);
  return html`<span class="muted last-seen">${seen ? html`last seen <${When} instant=${seen} />` : "not heard of yet"}</span>`;
}

function Lasted({ experiment: { createdAt, endedAt, updatedAt, status } }) {
  const end = status === "running" ? now.value : Date.parse(endedAt ?? updatedAt);
  const span = duration(end - Date.parse(createdAt));
  return html`<div><dt>${status === "running" ? "Running for" : "Ran for"}</dt><dd>${span}</dd></div>`;
}

/** Says when the page is not kept current as quickly as it could be. */
function Connection({ state, status }) {
  if (state !== "polling" || status !== "running") return null;
  return html`<div><dt>Updates</dt><dd>every few seconds; the live stream is interrupted</dd></div>`;
}

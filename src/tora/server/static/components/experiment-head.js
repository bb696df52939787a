// Who an experiment is: name, life, tags, what can be done with it, and the plain facts.
import { duration } from "../format.js";
import { html } from "../lib.js";
import { mayEdit } from "../roles.js";
import { now } from "../state/clock.js";
import { mayWrite, user } from "../state/session.js";
import { workspaceOf } from "../state/workspaces.js";
import { lastSign } from "../writers.js";
import { EditableName } from "./editable-name.js";
import { ExperimentActions } from "./experiment-actions.js";
import { Description } from "./notes.js";
import { Copy, Status, Tags, When } from "./parts.js";
import { TagsEditor } from "./tags-editor.js";

export function ExperimentHead({ store }) {
  const experiment = store.experiment.value;
  const { id, name, status, tags, archived, createdAt, workspaceId, role } = experiment;
  const canEdit = mayWrite.value && mayEdit(role);
  return html`<header class="experiment-head">
    <div class="trail-line">
      <p class="trail"><a href="/">Experiments</a></p>
      <${ExperimentActions} store=${store} />
    </div>
    <div class="title">
      ${canEdit ? html`<${EditableName} name=${name} onSave=${(changed) => store.change({ name: changed })} />` : html`<h1><bdi>${name}</bdi></h1>`}
      <${Status} status=${status} />
      <${LastSeen} store=${store} />
      ${archived && html`<span class="badge">archived</span>`}
      ${canEdit ? html`<${TagsEditor} tags=${tags ?? []} onSave=${(changed) => store.change({ tags: changed })} />` : html`<${Tags} tags=${tags} />`}
    </div>
    <dl class="facts">
      <div><dt>Created</dt><dd><${When} instant=${createdAt} /></dd></div>
      <${Lasted} experiment=${experiment} />
      <div><dt>Id</dt><dd><span class="id" title=${id}>${id}</span><${Copy} text=${id} label="Copy the experiment's id" /></dd></div>
      ${workspaceId && html`<${Place} id=${workspaceId} />`}
      <${Connection} state=${store.liveState.value?.value} status=${status} />
    </dl>
    <${Description} store=${store} canEdit=${canEdit} />
  </header>`;
}

/** The workspace by its name; whoever came by a link has no way into it. */
function Place({ id }) {
  const known = workspaceOf(id);
  if (user.value === null) return null;
  return html`<div><dt>Workspace</dt><dd><a class=${known ? null : "id"} href=${`/w/${encodeURIComponent(id)}`}><bdi>${known?.name ?? id}</bdi></a></dd></div>`;
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

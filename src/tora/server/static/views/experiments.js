// The first page: all experiments, newest first; and those of one's own, or of a workspace.
import { ExperimentList } from "../components/list.js";
import { Empty, Snippet } from "../components/parts.js";
import { html, useEffect, useMemo } from "../lib.js";
import { createListPage } from "../state/list-page.js";
import { isLocal, session, user } from "../state/session.js";
import { loadWorkspaces, workspaceOf } from "../state/workspaces.js";

// Kept between visits of the page within one load, so that "back" shows it at once.
const all = createListPage();

const SNIPPET = `import tora

tora.setup("my first experiment")
tora.tlog("loss", 0.25, step=1)`;

const MAKE = `import tora

workspace = tora.create_workspace("my workspace")
tora.setup("my experiment", workspace_id=workspace["id"])`;

const NOTHING = html`<${Empty} title="No experiments yet">
  <p>Run this, and the experiment appears here by itself:</p>
  <${Snippet} code=${SNIPPET} label="How to log a first metric" />
<//>`;

export function Experiments() {
  return html`<${ExperimentList} page=${all} title="Experiments" nothing=${NOTHING} />`;
}

const NONE_OF_MINE = html`<${Empty} title="None of your own">
  <p>What you log without naming a workspace is here, and nobody else sees it but administrators.</p>
  <${Snippet} code=${SNIPPET} label="How to log a first metric" />
<//>`;

/** What the reader made outside of workspaces. */
export function Mine() {
  const page = useMemo(() => createListPage({ mine: true }), []);
  return html`<${ExperimentList} page=${page} title="My own experiments" nothing=${NONE_OF_MINE} />`;
}

/** The experiments of one workspace. */
export function Workspace({ id }) {
  const page = useMemo(() => createListPage({ workspace: id }), [id]);
  const known = workspaceOf(id);
  const somebody = user.value?.id;
  // Somebody may have made it, or let the reader in, since the page was opened.
  useEffect(() => void (workspaceOf(id) || loadWorkspaces()), [id, somebody]);
  const nothing = html`<${Empty} title="No experiments here">
    <p>No experiment is in this workspace yet. New ones join it with:</p>
    <${Snippet} code=${`tora.setup("my experiment", workspace_id=${JSON.stringify(id)})`} label="How to join" />
  <//>`;
  const missing = html`<${Empty} title="No such workspace">
    <p>This server has no workspace with the id <span class="id">${id}</span>. It may have been deleted; its experiments are still here then.</p>
    <p>A new one is made, and an experiment put into it, with:</p>
    <${Snippet} code=${MAKE} label="How to make a workspace" />
    <p><a href="/">See all experiments</a></p>
  <//>`;
  const title = known ? html`<bdi>${known.name}</bdi>` : html`Workspace <span class="id">${id}</span>`;
  const more = known && html`<${About} workspace=${known} />`;
  return html`<${ExperimentList} page=${page} role=${known?.role ?? null} ...${{ title, more, nothing, missing }} />`;
}

function About({ workspace: { id, description } }) {
  return html`${description && html`<p class="muted about"><bdi title=${description}>${description}</bdi></p>`}
    ${session.value && html`<a class="settings-link" href=${`/w/${encodeURIComponent(id)}/settings`}>${isLocal.value ? "Settings" : "Members and settings"}</a>`}`;
}

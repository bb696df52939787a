// The first page: all experiments, newest first.
import { ExperimentList } from "../components/list.js";
import { Empty, Snippet } from "../components/parts.js";
import { html, useMemo } from "../lib.js";
import { createListPage } from "../state/list-page.js";

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

/** The experiments of one workspace. */
export function Workspace({ id }) {
  const page = useMemo(() => createListPage({ workspace: id }), [id]);
  const nothing = html`<${Empty} title="No experiments here">
    <p>No experiment is in a workspace with this id. New ones join it with:</p>
    <${Snippet} code=${`tora.setup("my experiment", workspace_id=${JSON.stringify(id)})`} label="How to join" />
  <//>`;
  const missing = html`<${Empty} title="No such workspace">
    <p>This server has no workspace with the id <span class="id">${id}</span>. It may have been deleted; its experiments are still here then.</p>
    <p>A new one is made, and an experiment put into it, with:</p>
    <${Snippet} code=${MAKE} label="How to make a workspace" />
    <p><a href="/">See all experiments</a></p>
  <//>`;
  const title = html`Workspace <span class="id">${id}</span>`;
  return html`<${ExperimentList} page=${page} ...${{ title, nothing, missing }} />`;
}

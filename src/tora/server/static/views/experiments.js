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
  const title = html`Workspace <span class="id">${id}</span>`;
  return html`<${ExperimentList} page=${page} title=${title} nothing=${nothing} />`;
}

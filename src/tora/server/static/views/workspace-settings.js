// A workspace: what it is called, who is in it and as what, who is invited, and its end.
import { getWorkspace } from "../account-api.js";
import { useLoaded } from "../components/loaded.js";
import { Empty, Problem } from "../components/parts.js";
import { WorkspaceDeletion } from "../components/workspace-deletion.js";
import { WorkspaceGeneral } from "../components/workspace-general.js";
import { Invitations } from "../components/workspace-invitations.js";
import { Members } from "../components/workspace-members.js";
import { html, useEffect } from "../lib.js";
import { mayManage } from "../roles.js";
import { isLocal, session } from "../state/session.js";
import { loadWorkspaces } from "../state/workspaces.js";

export function WorkspaceSettings({ id }) {
  const { data: workspace, error, reload } = useLoaded(() => getWorkspace(id), id);
  const name = workspace?.name;
  useEffect(() => {
    if (name) document.title = `${name} · Tora`;
  }, [name]);
  if (error?.status === 404) return html`<${Unknown} id=${id} />`;
  if (workspace === null || session.value === null) return html`<${Problem} error=${error} />`;
  const canManage = mayManage(workspace.role);
  const changed = () => Promise.all([reload(), loadWorkspaces()]);
  return html`<div class="account">
    <p class="trail"><a href=${`/w/${encodeURIComponent(id)}`}>Experiments of this workspace</a></p>
    <h1><bdi>${name}</bdi></h1>
    <${Problem} error=${error} />
    <${WorkspaceGeneral} ...${{ workspace, canManage, changed }} />
    ${!isLocal.value && html`<${Members} ...${{ workspace, canManage, changed }} />`}
    ${canManage && !isLocal.value && html`<${Invitations} workspace=${workspace} />`}
    ${canManage && html`<${WorkspaceDeletion} workspace=${workspace} />`}
  </div>`;
}

function Unknown({ id }) {
  return html`<${Empty} title="No such workspace">
    <p>You are in no workspace with the id <span class="id"><bdi>${id}</bdi></span>. It may have been deleted, or you are no member any more.</p>
    <p><a href="/">See all experiments</a></p>
  <//>`;
}

// The end of a workspace; its experiments outlive it.
import { deleteWorkspace } from "../account-api.js";
import { html, useState } from "../lib.js";
import { navigate } from "../router.js";
import { say } from "../state/toasts.js";
import { loadWorkspaces } from "../state/workspaces.js";
import { Confirm } from "./confirm.js";

export function WorkspaceDeletion({ workspace: { id, name } }) {
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    await deleteWorkspace(id);
    await loadWorkspaces();
    say(`The workspace “${name}” was deleted.`);
    navigate("/");
  };
  return html`<section class="panel" aria-label="Delete the workspace">
    <h2>Delete the workspace</h2>
    <p class="muted">Its experiments stay, each with who made it; members see those of others no more. Keys and invitations for it end.</p>
    <button type="button" class="danger" aria-haspopup="dialog" onClick=${() => setAsking(true)}>Delete the workspace…</button>
    ${asking &&
    html`<${Confirm} title="Delete this workspace?" action="Delete the workspace" typed=${name.trim()} onDo=${remove} onClose=${() => setAsking(false)}>
      <p>This cannot be undone. The workspace is <b><bdi>${name}</bdi></b>.</p>
    <//>`}
  </section>`;
}

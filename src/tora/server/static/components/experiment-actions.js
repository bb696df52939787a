// What can be done with a whole experiment: compare, share, move, archive, delete; the last three can be undone.
import { ApiError } from "../api.js";
import { html, useState } from "../lib.js";
import { navigate } from "../router.js";
import { deleteWithUndo } from "../state/deletion.js";
import { mayEdit } from "../roles.js";
import { mayShare, mayWrite, user } from "../state/session.js";
import { say } from "../state/toasts.js";
import { Dialog } from "./dialog.js";
import { MoveDialog } from "./move-dialog.js";
import { ShareDialog } from "./share-dialog.js";

export function ExperimentActions({ store }) {
  const { id, role } = store.experiment.value;
  return html`<div class="actions">
    <a href=${`/compare?ids=${encodeURIComponent(id)}`}>Compare</a>
    ${mayWrite.value && mayEdit(role) && html`<${Changes} store=${store} />`}
  </div>`;
}

function Changes({ store }) {
  const [asked, setAsked] = useState(null);
  const { id, name, archived, workspaceId } = store.experiment.value;
  const onClose = () => setAsked(null);
  const opens = (what) => ({ type: "button", class: "quiet", "aria-haspopup": "dialog", onClick: () => setAsked(what) });
  const remove = () => {
    deleteWithUndo({ id, name });
    navigate("/");
  };
  return html`${mayShare.value && html`<button ...${opens("share")}>Share</button>`}
    ${user.value && html`<button ...${opens("move")}>Move</button>`}
    <button type="button" class="quiet" onClick=${() => change(store, ...archiving(archived))}>${archived ? "Unarchive" : "Archive"}</button>
    <button type="button" class="quiet" onClick=${() => setAsked("delete")}>Delete</button>
    ${asked === "share" && html`<${ShareDialog} id=${id} onClose=${onClose} />`}
    ${asked === "move" && html`<${MoveDialog} title="Move this experiment" from=${workspaceId ?? null} onMove=${(to, place) => move(store, to, place)} onClose=${onClose} />`}
    ${asked === "delete" && html`<${Asked} name=${name} onDelete=${remove} onClose=${onClose} />`}`;
}

function Asked({ name, onDelete, onClose }) {
  return html`<${Dialog} title="Delete this experiment?" class="asked" onClose=${onClose}>
    <p><bdi>${name}</bdi> and all of its points go. For some seconds after, you can still undo it.</p>
    <footer>
      <button type="button" onClick=${onClose}>Cancel</button>
      <button type="button" class="danger" onClick=${onDelete}>Delete</button>
    </footer>
  <//>`;
}

function archiving(archived) {
  const said = archived ? "No longer archived." : "Archived: lists leave it out.";
  return [{ archived: !archived }, { archived }, said];
}

function move(store, workspaceId, place) {
  const before = store.experiment.value.workspaceId ?? null;
  return change(store, { workspaceId }, { workspaceId: before }, `Moved to ${place}.`);
}

/** Change something, say so, and offer the way back. */
async function change(store, changes, back, said) {
  try {
    await store.change(changes);
    say(said, { onUndo: () => change(store, back, changes, "As it was before.") });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say(error.message, { problem: true });
  }
}

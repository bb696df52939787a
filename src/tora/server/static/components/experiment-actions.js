// What can be done with a whole experiment: compare, archive, delete; both of the latter can be undone.
import { ApiError } from "../api.js";
import { html, useState } from "../lib.js";
import { navigate } from "../router.js";
import { deleteWithUndo } from "../state/deletion.js";
import { say } from "../state/toasts.js";
import { Dialog } from "./dialog.js";

export function ExperimentActions({ store }) {
  const [asking, setAsking] = useState(false);
  const { id, name, archived } = store.experiment.value;
  const remove = () => {
    deleteWithUndo({ id, name });
    navigate("/");
  };
  return html`<div class="actions">
    <a href=${`/compare?ids=${encodeURIComponent(id)}`}>Compare</a>
    <button type="button" class="quiet" onClick=${() => archive(store, !archived)}>${archived ? "Unarchive" : "Archive"}</button>
    <button type="button" class="quiet" onClick=${() => setAsking(true)}>Delete</button>
    ${asking && html`<${Asked} name=${name} onDelete=${remove} onClose=${() => setAsking(false)} />`}
  </div>`;
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

async function archive(store, archived) {
  try {
    await store.change({ archived });
    say(archived ? "Archived: lists leave it out." : "No longer archived.", { onUndo: () => archive(store, !archived) });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say(error.message, { problem: true });
  }
}

// What people wrote about an experiment, formatted, with a button that opens the editor.
import { useKeys } from "../keyboard.js";
import { html, useState } from "../lib.js";
import { mayEdit } from "../roles.js";
import { draftOf } from "../state/drafts.js";
import { mayWrite } from "../state/session.js";
import { PENCIL } from "./icons.js";
import { MarkdownText } from "./markdown-text.js";
import { TextEditor } from "./text-editor.js";

export function Notes({ store }) {
  const { notes, role } = store.experiment.value;
  const canEdit = mayWrite.value && mayEdit(role);
  if (canEdit) return html`<${EditableNotes} store=${store} />`;
  return html`<section class="panel notes" aria-label="Notes">
    <header><h2>Notes</h2></header>
    ${notes ? html`<${MarkdownText} text=${notes} />` : html`<p class="muted">None yet.</p>`}
  </section>`;
}

function EditableNotes({ store }) {
  const [editing, setEditing] = useState(false);
  const edit = () => setEditing(true);
  useKeys([{ keys: "e", label: "Edit the notes", run: edit }]);
  const { notes } = store.experiment.value;
  return html`<section class="panel notes" aria-label="Notes">
    <header>
      <h2>Notes</h2>
      <${EditButton} label="Edit the notes" shortcut="e" onClick=${edit} />
    </header>
    ${notes ? html`<${MarkdownText} text=${notes} />` : html`<p class="muted">None yet. What was learned from this run?</p>`}
    <${DraftNote} id=${store.id} field="notes" />
    ${editing && html`<${TextEditor} store=${store} field="notes" title="Notes" onClose=${() => setEditing(false)} />`}
  </section>`;
}

/** The one paragraph below the name. */
export function Description({ store, canEdit }) {
  const [editing, setEditing] = useState(false);
  const { description } = store.experiment.value;
  if (!canEdit) return description && html`<div class="description-line"><div class="description"><${MarkdownText} text=${description} /></div></div>`;
  const edit = () => setEditing(true);
  return html`<div class="description-line">
    ${description && html`<div class="description"><${MarkdownText} text=${description} /></div>`}
    ${description
      ? html`<${EditButton} label="Edit the description" onClick=${edit} />`
      : html`<button type="button" class="quiet" onClick=${edit}>Add a description</button>`}
    <${DraftNote} id=${store.id} field="description" />
    ${editing && html`<${TextEditor} store=${store} field="description" title="Description" onClose=${() => setEditing(false)} />`}
  </div>`;
}

function EditButton({ label, shortcut = null, onClick }) {
  return html`<button type="button" class="quiet icon" aria-label=${label} title=${label} aria-keyshortcuts=${shortcut} onClick=${onClick}>
    <${PENCIL} />
  </button>`;
}

function DraftNote({ id, field }) {
  if (!draftOf(id, field)) return null;
  return html`<p class="draft-note">There is a draft that was not saved.</p>`;
}

// What can be done with the experiments that are ticked; it floats over the end of the list.
import { counted } from "../format.js";
import { html, useState } from "../lib.js";
import { user } from "../state/session.js";
import { Dialog } from "./dialog.js";
import { compareAddress } from "./list-keys.js";
import { MoveDialog } from "./move-dialog.js";

/** `canEdit` is false where the reader may change none of the list. */
export function BulkBar({ page, items, tags, canEdit }) {
  const [tagging, setTagging] = useState(false);
  const [moving, setMoving] = useState(false);
  const { selection, bulk } = page;
  const ticked = selection.items.value;
  if (ticked.length === 0) return null;
  const listed = new Set(items.map(({ id }) => id));
  const elsewhere = ticked.filter(({ id }) => !listed.has(id)).length;
  const allArchived = ticked.every(({ archived }) => archived);
  const archive = () => bulk.archive(ticked, !allArchived);
  return html`<div class="bulk-bar" role="group" aria-label="Selected experiments">
    <p><b>${counted(ticked.length, "experiment")}</b>${elsewhere > 0 && html` <span class="muted">${elsewhere} not in view</span>`}</p>
    <a class="button primary" href=${compareAddress(ticked)} aria-keyshortcuts="c">Compare</a>
    ${canEdit &&
    html`<button type="button" aria-haspopup="dialog" onClick=${() => setTagging(true)}>Tags</button>
      ${user.value && html`<button type="button" aria-haspopup="dialog" onClick=${() => setMoving(true)}>Move</button>`}
      <button type="button" onClick=${archive}>${allArchived ? "Unarchive" : "Archive"}</button>
      <button type="button" class="danger" onClick=${() => bulk.remove(ticked)}>Delete</button>`}
    <button type="button" class="quiet" aria-keyshortcuts="Escape" onClick=${selection.clear}>Clear</button>
    ${tagging && html`<${Tagging} ...${{ ticked, bulk, tags, onClose: () => setTagging(false) }} />`}
    ${moving && html`<${MoveDialog} title=${`Move ${counted(ticked.length, "experiment")}`} from=${placeOf(ticked)} onMove=${(id, name) => bulk.move(ticked, id, name)} onClose=${() => setMoving(false)} />`}
  </div>`;
}

/** The workspace that all of them are in, null for none; undefined where they are in several places. */
function placeOf(items) {
  const places = new Set(items.map(({ workspaceId }) => workspaceId ?? null));
  return places.size === 1 ? [...places][0] : undefined;
}

/** Tags that the selected experiments have can be taken off all of them, and one be put on all. */
function Tagging({ ticked, bulk, tags, onClose }) {
  const [typed, setTyped] = useState("");
  const present = new Map();
  ticked.flatMap((item) => item.tags).forEach((tag) => present.set(tag, (present.get(tag) ?? 0) + 1));
  const add = (event) => {
    event.preventDefault();
    if (typed.trim()) bulk.addTag(ticked, typed.trim());
    setTyped("");
  };
  return html`<${Dialog} title=${`Tags of ${counted(ticked.length, "experiment")}`} class="tagging" onClose=${onClose}>
    <form onSubmit=${add}>
      <input
        aria-label="A tag to add"
        placeholder="Add a tag"
        list="known-tags"
        maxlength="50"
        autocomplete="off"
        value=${typed}
        onInput=${(event) => setTyped(event.currentTarget.value)}
      />
      <datalist id="known-tags">${tags.map(({ name }) => html`<option key=${name} value=${name}></option>`)}</datalist>
      <button type="submit" disabled=${!typed.trim()}>Add</button>
    </form>
    ${present.size === 0 && html`<p class="muted">None of them has a tag yet.</p>`}
    <ul>
      ${[...present].map(
        ([tag, of]) => html`<li key=${tag}>
          <span class="tag"><bdi title=${tag}>${tag}</bdi></span>
          <span class="muted">${of < ticked.length ? `on ${of} of ${ticked.length}` : "on all"}</span>
          ${of < ticked.length &&
          html`<button type="button" aria-label=${`Add ${tag} to all`} onClick=${() => bulk.addTag(ticked, tag)}>Add to all</button>`}
          <button type="button" aria-label=${`Remove ${tag}`} onClick=${() => bulk.removeTag(ticked, tag)}>Remove</button>
        </li>`,
      )}
    </ul>
  <//>`;
}

// The dialog in which a reader says to which workspace experiments go.
import { html, useEffect } from "../lib.js";
import { editableWorkspaces, loadWorkspaces } from "../state/workspaces.js";
import { Dialog } from "./dialog.js";
import { Form } from "./form.js";

/** `from` is where they are, undefined for several places; `onMove(id, name)` gets null for no workspace. */
export function MoveDialog({ title, from, onMove, onClose }) {
  useEffect(() => void loadWorkspaces(), []);
  const places = [[null, "no workspace", "None: only who made them and administrators see them"]];
  places.push(...editableWorkspaces().map(({ id, name }) => [id, `“${name}”`, name]));
  const offered = places.filter(([id]) => id !== from);
  const move = ({ place }) => {
    const [id, name] = offered[Number(place)];
    onClose();
    return onMove(id, name);
  };
  return html`<${Dialog} title=${title} class="move" onClose=${onClose}>
    ${offered.length === 0
      ? html`<p>There is no workspace yet to which they could go. Make one first: the menu at the top of the page has “New workspace…”.</p>`
      : html`<${Form} label=${title} send="Move" onSend=${move}>
          <fieldset class="places">
            <legend>To which workspace?</legend>
            ${offered.map(
              ([id, , text], index) => html`<label key=${id ?? ""} class="check">
                <input type="radio" name="place" value=${index} required />
                <bdi>${text}</bdi>
              </label>`,
            )}
          </fieldset>
        <//>`}
  <//>`;
}

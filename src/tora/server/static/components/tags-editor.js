// An experiment's tags, each with a button that removes it, and a field for more.
import { getColumns } from "../api.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";
import { withTyped } from "../tags.js";
import { CROSS, PLUS } from "./icons.js";
import { Problem } from "./parts.js";

/** `onSave(tags)` throws where the server refuses. */
export function TagsEditor({ tags, onSave }) {
  const [adding, setAdding] = useState(false);
  const [problem, setProblem] = useState(null);
  const adder = useRef(null);
  const save = async (next) => {
    try {
      if (next.length !== tags.length) await onSave(next);
      setProblem(null);
      return true;
    } catch (error) {
      setProblem(error);
      return false;
    }
  };
  const remove = async (tag) => {
    await save(tags.filter((other) => other !== tag));
    adder.current?.focus();
  };
  return html`<div class="tags-editor">
    <ul class="tags" aria-label="Tags">
      ${tags.map((tag) => html`<${Tag} key=${tag} tag=${tag} onRemove=${remove} />`)}
    </ul>
    ${adding
      ? html`<${TagField} tags=${tags} onAdd=${(text) => save(withTyped(tags, text))} onLeave=${() => setAdding(false)} />`
      : html`<button type="button" class="quiet add-tag" ref=${adder} onClick=${() => setAdding(true)}><${PLUS} />Tag</button>`}
    <${Problem} error=${problem} />
  </div>`;
}

function Tag({ tag, onRemove }) {
  return html`<li class="tag" title=${tag}>
    <bdi>${tag}</bdi>
    <button type="button" class="quiet" aria-label=${`Remove the tag ${tag}`} onClick=${() => onRemove(tag)}><${CROSS} /></button>
  </li>`;
}

function TagField({ tags, onAdd, onLeave }) {
  const field = useRef(null);
  const known = useKnownTags(tags);
  useLayoutEffect(() => field.current.focus(), []);
  const add = async (event) => {
    event.preventDefault();
    if (field.current.value.trim() === "") return onLeave();
    if (await onAdd(field.current.value)) field.current.value = "";
    field.current.focus();
  };
  const onKeyDown = (event) => event.key === "Escape" && onLeave();
  return html`<form class="tag-field" onSubmit=${add}>
    <input ref=${field} list="known-tags" aria-label="New tag" placeholder="New tag" autocomplete="off" dir="auto" onKeyDown=${onKeyDown} />
    <datalist id="known-tags">${known.map((tag) => html`<option key=${tag} value=${tag} />`)}</datalist>
    <button type="submit">Add</button>
    <button type="button" class="quiet" onClick=${onLeave}>Done</button>
  </form>`;
}

/** Tags that other experiments have: a help to write the same one the same way. */
function useKnownTags(tags) {
  const [known, setKnown] = useState([]);
  useEffect(() => {
    getColumns().then(({ tags: found }) => setKnown(found.map(({ name }) => name)), () => {});
  }, []);
  return known.filter((tag) => !tags.includes(tag));
}

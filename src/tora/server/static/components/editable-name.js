// An experiment's name as the page's heading, changed where it stands.
import { html, useLayoutEffect, useRef, useState } from "../lib.js";
import { PENCIL } from "./icons.js";
import { Problem } from "./parts.js";

const LONGEST = 255;

/** `onSave(name)` throws where the server refuses. */
export function EditableName({ name, onSave }) {
  const [editing, setEditing] = useState(false);
  const pencil = useRef(null);
  const leave = () => {
    setEditing(false);
    // The field takes the focus with it when it goes.
    requestAnimationFrame(() => pencil.current?.focus());
  };
  if (editing) return html`<${NameField} name=${name} onSave=${onSave} onLeave=${leave} />`;
  return html`<h1><bdi>${name}</bdi></h1>
    <button type="button" class="quiet icon" ref=${pencil} aria-label="Rename" title="Rename" onClick=${() => setEditing(true)}>
      <${PENCIL} />
    </button>`;
}

// The name is the field's default: as its value, each drawing of a run that goes on would put it back over what is typed.
function NameField({ name, onSave, onLeave }) {
  const field = useRef(null);
  const [problem, setProblem] = useState(null);
  useLayoutEffect(() => field.current.select(), []);
  const save = async (event) => {
    event.preventDefault();
    const typed = field.current.value.trim();
    try {
      if (typed && typed !== name) await onSave(typed);
      onLeave();
    } catch (error) {
      setProblem(error);
    }
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape") onLeave();
  };
  return html`<form class="name-field" onSubmit=${save}>
    <h1>
      <input ref=${field} aria-label="Name" defaultValue=${name} maxlength=${LONGEST} dir="auto" autocomplete="off" onKeyDown=${onKeyDown} />
    </h1>
    <button type="submit">Save</button>
    <button type="button" class="quiet" onClick=${onLeave}>Cancel</button>
    <${Problem} error=${problem} />
  </form>`;
}

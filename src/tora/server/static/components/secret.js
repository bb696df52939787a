// A key or a link to be taken away: a field to mark it in, and a button that copies it.
import { html } from "../lib.js";
import { Copy } from "./parts.js";

/** `name` says what it is. Whoever has no clipboard marks the text: the field does so by itself. */
export function Secret({ name, text }) {
  const mark = ({ currentTarget }) => currentTarget.select();
  return html`<div class="secret">
    <input readonly aria-label=${name} value=${text} spellcheck="false" onFocus=${mark} onClick=${mark} />
    <${Copy} text=${text} label=${`Copy: ${name}`} />
  </div>`;
}

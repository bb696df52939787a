// A dialog that asks before something that cannot be undone.
import { html, useState } from "../lib.js";
import { Dialog } from "./dialog.js";
import { Field, Form } from "./form.js";

/** `onDo` does it and may throw an ApiError; with `typed`, that text must be written first. */
export function Confirm({ title, action, typed = null, onDo, onClose, children }) {
  const [text, setText] = useState("");
  const send = async () => {
    await onDo();
    onClose();
  };
  const ready = typed === null || text.trim() === typed;
  return html`<${Dialog} title=${title} class="confirm" onClose=${onClose}>
    ${children}
    <${Form} send=${action} danger ready=${ready} onSend=${send}>
      ${typed !== null &&
      html`<${Field}
        label="Type its name to confirm"
        autofocus
        autocomplete="off"
        spellcheck="false"
        dir="auto"
        value=${text}
        onInput=${(event) => setText(event.currentTarget.value)}
      />`}
    <//>
  <//>`;
}

// The overlay that lists the keys of the page; "?" opens it.
import { helpShown, registered } from "../keyboard.js";
import { helpOf } from "../keys.js";
import { html } from "../lib.js";
import { Dialog } from "./dialog.js";

export function KeyHelp() {
  const close = () => {
    helpShown.value = false;
  };
  if (!helpShown.value) return null;
  const lines = helpOf(registered.value.map(({ current }) => current));
  return html`<${Dialog} title="Keys of this page" class="key-help" onClose=${close}>
    <dl>
      ${lines.map(
        ({ keys, label }) => html`<div key=${label}>
          <dt>${keys.map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt>
          <dd>${label}</dd>
        </div>`,
      )}
    </dl>
  <//>`;
}

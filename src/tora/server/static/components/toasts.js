// What was just done, said at the edge of every page, with a way to undo it.
import { useKeys } from "../keyboard.js";
import { html } from "../lib.js";
import { dismiss, holdAll, letGo, toasts, undo, undoLast } from "../state/toasts.js";

export function Toasts() {
  useKeys([{ keys: "u", label: toasts.value.some(({ onUndo }) => onUndo) ? "Undo what was just done" : "", run: undoLast }]);
  // The region stays on the page, empty or not: what comes into it later is read out.
  return html`<div
    class="toasts"
    role="status"
    aria-live="polite"
    onMouseEnter=${holdAll}
    onMouseLeave=${letGo}
    onFocusIn=${holdAll}
    onFocusOut=${letGo}
  >
    ${toasts.value.map((toast) => html`<${Toast} key=${toast.id} toast=${toast} />`)}
  </div>`;
}

function Toast({ toast }) {
  const { text, problem, onUndo } = toast;
  return html`<div class=${problem ? "toast failed" : "toast"}>
    <p><bdi>${text}</bdi></p>
    ${onUndo && html`<button type="button" aria-keyshortcuts="u" onClick=${() => undo(toast)}>Undo</button>`}
    <button type="button" class="quiet icon" aria-label="Dismiss" onClick=${() => dismiss(toast)}>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8" /></svg>
    </button>
  </div>`;
}

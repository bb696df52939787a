// A modal dialog with a title and a button that closes it; Escape and a click beside it close it too.
import { html, useLayoutEffect, useRef } from "../lib.js";

/** Shown as long as it is rendered; `onClose` is to stop rendering it. */
export function Dialog({ title, class: kind = "", onClose, children }) {
  const dialog = useRef(null);
  // Before it is painted: the first key goes into it.
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    // The element goes at once instead of being closed first, so the browser does not give the focus back itself.
    return () => before?.focus?.({ preventScroll: true });
  }, []);
  const onClick = (event) => event.target === dialog.current && onClose();
  return html`<dialog class=${`dialog ${kind}`} aria-label=${title} ref=${dialog} onClose=${onClose} onClick=${onClick}>
    <div class="dialog-body">
      <header>
        <h2>${title}</h2>
        <button type="button" class="quiet icon" aria-label="Close" onClick=${onClose}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8" /></svg>
        </button>
      </header>
      ${children}
    </div>
  </dialog>`;
}

// The frame of the pages by which people get in.
import { html } from "../lib.js";

export function Entry({ title, children }) {
  return html`<section class="entry"><h1>${title}</h1>${children}</section>`;
}

/** Load a page as whoever one is now: nothing stays of what was known before. */
export function leaveFor(path) {
  location.replace(path);
}

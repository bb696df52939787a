// Small pictures for buttons; the button says in words what it does.
import { html } from "../lib.js";

const icon = (path) => html`<svg viewBox="0 0 16 16" aria-hidden="true">${path}</svg>`;

export const PENCIL = () => icon(html`<path d="m10.500 3 2.500 2.500-7.500 7.500-3 .5.5-3z" />`);
export const CROSS = () => icon(html`<path d="m4.500 4.500 7 7m0-7-7 7" />`);
export const PLUS = () => icon(html`<path d="M8 3.500v9M3.500 8h9" />`);
export const PIN = () => icon(html`<path d="M5.500 2.500h5l-.5 4.500 2 2h-8l2-2zM8 9v4.500" />`);

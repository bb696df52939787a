// Which colour stands for which writers, where charts take them together by a label.
import { html } from "../lib.js";

/** `settings` is a signal of how charts are drawn, see state/writer-groups.js. */
export function WriterGroups({ settings }) {
  const { by, groups } = settings.value;
  if (!by) return null;
  return html`<ul class="writer-groups" aria-label=${`Lines by ${by}`} tabindex="0">
    ${groups.map(
      ({ value, label, color }) => html`<li key=${String(value)} title=${label}>
        <span class="swatch" aria-hidden="true" style=${{ "--swatch": `var(${color})` }}></span><bdi>${label}</bdi>
      </li>`,
    )}
  </ul>`;
}

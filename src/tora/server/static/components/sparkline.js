// A metric of one experiment as a line of a few pixels, in the experiment's colour.
import { seriesColor } from "../color.js";
import { html, useMemo } from "../lib.js";
import { sparkPath } from "../sparkline.js";

const SIZE = { width: 120, height: 26 };

/** `points` is a signal of a series' columns, null before they are known. */
export function Sparkline({ id, points }) {
  const columns = points.value;
  const path = useMemo(() => (columns ? sparkPath(columns, SIZE) : ""), [columns]);
  return html`<svg class="sparkline" viewBox=${`0 0 ${SIZE.width} ${SIZE.height}`} preserveAspectRatio="none" aria-hidden="true">
    ${path && html`<path d=${path} style=${{ stroke: `var(${seriesColor(id)})` }} />`}
  </svg>`;
}

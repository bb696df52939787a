// The place of one chart: the chart itself while it is near the screen, a card of the same size while it is not.
import { html, useMemo, useRef } from "../lib.js";
import { ChartCard } from "./chart-card.js";
import { PIN } from "./icons.js";
import { useNear } from "./near.js";

export function MetricSlot({ summary, series, color, syncKey, isPinned, onPin }) {
  const frame = useRef(null);
  const near = useNear(frame);
  // A live event may change a thousand summaries: only the cards near the screen, and of these the changed ones, are touched.
  const card = useMemo(
    () => (near ? html`<${ChartCard} ...${{ summary, series, color, syncKey }} />` : html`<${Placeholder} name=${summary.name} />`),
    [near, near ? summary : summary.name, series, color, syncKey],
  );
  return html`<div class="slot" ref=${frame}>${near && html`<${Pin} ...${{ name: summary.name, isPinned, onPin }} />`}${card}</div>`;
}

function Pin({ name, isPinned, onPin }) {
  const title = isPinned ? "Let it go from the top" : "Pin to the top";
  return html`<button type="button" class="quiet pin" aria-pressed=${isPinned} aria-label=${`Pin ${name}`} title=${title} onClick=${() => onPin(name)}>
    <${PIN} />
  </button>`;
}

function Placeholder({ name }) {
  return html`<article class="card" data-metric=${name}>
    <header><h3 title=${name}><bdi>${name}</bdi></h3></header>
    <div class="plot"></div>
  </article>`;
}

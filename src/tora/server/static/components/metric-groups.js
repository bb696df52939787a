// All charts of an experiment, in sections that fold; the pinned ones before all.
import { seriesColor } from "../color.js";
import { counted } from "../format.js";
import { PINNED, withPinned } from "../groups.js";
import { html, useMemo, useRef } from "../lib.js";
import { folded, setFolded } from "../state/folded.js";
import { pinnedOf, togglePinned } from "../state/pinned.js";
import { useChartKeys } from "./chart-keys.js";
import { MetricSlot } from "./metric-slot.js";

/** `metrics` are those to show; while the reader searches no group is folded. `name` is the experiment's. */
export function MetricGroups({ metrics, searching, series, experiment, name }) {
  const place = useRef(null);
  const pinned = pinnedOf(name);
  const groups = useMemo(() => withPinned(metrics, pinned), [metrics, pinned]);
  const more = { series, color: seriesColor(experiment), syncKey: experiment, pinned, searching };
  const onPin = useMemo(() => (metric) => togglePinned(name, metric), [name]);
  useChartKeys(place);
  return html`<div class="groups" ref=${place}>
    ${groups.map((group) => html`<${Group} key=${group.prefix} ...${{ group, onPin, ...more }} />`)}
  </div>`;
}

function Group({ group: { prefix, metrics }, searching, pinned, ...more }) {
  const open = searching || !folded.value.has(prefix);
  const onToggle = (event) => searching || setFolded(prefix, !event.currentTarget.open);
  return html`<details class="group" open=${open} onToggle=${onToggle}>
    <summary><h2>${titleOf(prefix)}</h2><span class="muted">${counted(metrics.length, "chart")}</span></summary>
    <div class="cards">
      ${open && metrics.map((summary) => html`<${MetricSlot} key=${summary.name} ...${{ summary, isPinned: pinned.has(summary.name), ...more }} />`)}
    </div>
  </details>`;
}

function titleOf(prefix) {
  if (prefix === PINNED) return "Pinned";
  return html`<bdi>${prefix || "Metrics"}</bdi>`;
}

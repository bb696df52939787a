// All charts of an experiment, in sections that fold.
import { seriesColor } from "../color.js";
import { counted } from "../format.js";
import { filterByName, groupByPrefix } from "../groups.js";
import { html, useMemo, useState } from "../lib.js";
import { folded, setFolded } from "../state/folded.js";
import { ChartCard } from "./chart-card.js";
import { Empty, Search } from "./parts.js";

const SEARCHABLE_FROM = 6;

export function MetricGroups({ metrics, series, experiment }) {
  const [text, setText] = useState("");
  const groups = useMemo(() => groupByPrefix(filterByName(metrics, text)), [metrics, text]);
  const color = seriesColor(experiment);
  return html`<section class="metrics" aria-label="Metrics">
    ${metrics.length >= SEARCHABLE_FROM && html`<${Search} label="Find a metric" value=${text} onText=${setText} />`}
    ${groups.length === 0 && html`<${Empty} title="No such metric"><p>No name holds “${text}”.</p><//>`}
    ${groups.map((group) => html`<${Group} key=${group.prefix} ...${{ group, series, color, syncKey: experiment }} />`)}
  </section>`;
}

function Group({ group: { prefix, metrics }, series, color, syncKey }) {
  const onToggle = (event) => setFolded(prefix, !event.currentTarget.open);
  return html`<details class="group" open=${!folded.value.has(prefix)} onToggle=${onToggle}>
    <summary><h2>${prefix || "Metrics"}</h2><span class="muted">${counted(metrics.length, "chart")}</span></summary>
    <div class="cards">
      ${metrics.map(
        (summary) => html`<${CardWhenChanged} key=${summary.name} ...${{ summary, series, color, syncKey }} />`,
      )}
    </div>
  </details>`;
}

/** A live event changes a few summaries of perhaps a thousand: the cards of the others are left alone. */
function CardWhenChanged({ summary, series, color, syncKey }) {
  return useMemo(
    () => html`<${ChartCard} ...${{ summary, series, color, syncKey }} />`,
    [summary, series, color, syncKey],
  );
}

// One chart a metric with a line for each experiment or group, in sections that fold.
import { metricNames } from "../dimensions.js";
import { counted } from "../format.js";
import { filterByName, groupByPrefix } from "../groups.js";
import { html, useMemo } from "../lib.js";
import { changeView } from "../state/compare-view.js";
import { folded, setFolded } from "../state/folded.js";
import { ChartSettings } from "./chart-settings.js";
import { CompareCard } from "./compare-card.js";
import { Empty, Search } from "./parts.js";

export function CompareCharts({ store, view, picture }) {
  const names = useMemo(() => metricNames(picture.experiments), [picture.experiments]);
  const found = useMemo(() => filterByName(names.map((name) => ({ name })), view.text), [names.join("\n"), view.text]);
  const wanted = picture.shown.map(({ id }) => id);
  useMemo(() => store.series.want(wanted), [store, wanted.join()]);
  if (names.length === 0) {
    return html`<${Empty} title="No metrics yet"><p>Charts appear here by themselves as soon as one of the experiments logs.</p><//>`;
  }
  return html`<section class="metrics" aria-label="Metrics">
    <${ChartSettings} zoom=${store.zoom} />
    <div class="compare-tools">
      <${Search} label="Find a metric" value=${view.text} onText=${(q) => changeView({ q })} found=${view.text ? found.length : null} />
    </div>
    ${found.length === 0 && html`<${Empty} title="No such metric"><p>No name holds “${view.text}”.</p><//>`}
    ${groupByPrefix(found).map((group) => html`<${Group} key=${group.prefix} ...${{ group, store, view, picture }} />`)}
  </section>`;
}

function Group({ group: { prefix, metrics }, store, view, picture }) {
  const onToggle = (event) => setFolded(prefix, !event.currentTarget.open);
  return html`<details class="group" open=${!folded.value.has(prefix)} onToggle=${onToggle}>
    <summary><h2><bdi>${prefix || "Metrics"}</bdi></h2><span class="muted">${counted(metrics.length, "chart")}</span></summary>
    <div class="cards">
      ${metrics.map(({ name }) => html`<${CompareCard} key=${name} ...${{ name, store, band: view.band, picture }} />`)}
    </div>
  </details>`;
}

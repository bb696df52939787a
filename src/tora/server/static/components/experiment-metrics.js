// The large part of an experiment's page: charts, results, writers, the run or its console, and a search for the first two.
import { count } from "../format.js";
import { html, useMemo } from "../lib.js";
import { searchFor } from "../metric-search.js";
import { query, setQuery } from "../router.js";
import { debounced } from "../throttle.js";
import { ChartSettings } from "./chart-settings.js";
import { Console } from "./console.js";
import { MetricGroups } from "./metric-groups.js";
import { Empty, Search, Snippet } from "./parts.js";
import { ResultsTable } from "./results-table.js";
import { RunContext } from "./run-context.js";
import { WriterGroups } from "./writer-groups.js";
import { WritersTable } from "./writers-table.js";

const OF_METRICS = new Set(["charts", "results"]);
const ALWAYS_THERE = new Set(["results", "run", "console"]);
const SEARCHABLE_FROM = 6;
const TYPING_PAUSE = 120;

export function ExperimentMetrics({ store }) {
  const metrics = store.metrics.value;
  const writers = store.writers.value;
  const text = query.value.get("q") ?? "";
  const { finds, problem } = useMemo(() => searchFor(text), [text]);
  const found = useMemo(() => metrics.filter(({ name }) => finds(name)), [metrics, finds]);
  const onText = useMemo(() => debounced((typed) => setQuery("q", typed), TYPING_PAUSE), []);
  const several = writers.length > 1;
  const drawn = { writers: several, labels: several ? store.labels.value : [], settings: store.series.settings };
  const show = shownPart(several);
  return html`<section class="metrics" aria-label="Metrics">
    <${Parts} show=${show} metrics=${metrics} writers=${several ? writers : null} />
    ${OF_METRICS.has(show) &&
    html`<div class="metrics-bar">
      ${metrics.length >= SEARCHABLE_FROM && html`<${Search} label="Find metrics by text or regex" value=${text} onText=${onText} found=${text ? found.length : null} />`}
      ${problem && html`<p class="hint" role="status">No regular expression (${problem}): searched as plain text.</p>`}
      ${show === "charts" && metrics.length > 0 && html`<${ChartSettings} zoom=${store.series.zoom} ...${drawn} />
      <${WriterGroups} settings=${store.series.settings} />`}
    </div>`}
    ${metrics.length === 0 && OF_METRICS.has(show) ? html`<${Nothing} />` : html`<${Part} ...${{ show, store, found, text, writers }} />`}
  </section>`;
}

function shownPart(several) {
  const wanted = query.value.get("show");
  return ALWAYS_THERE.has(wanted) || (wanted === "writers" && several) ? wanted : "charts";
}

function Part({ show, store, found, text, writers }) {
  if (show === "writers") return html`<${WritersTable} writers=${writers} />`;
  if (show === "run") return html`<${RunContext} store=${store} />`;
  if (show === "console") return html`<${Console} store=${store} />`;
  if (found.length === 0) return html`<${NotFound} text=${text} />`;
  if (show === "results") return html`<${ResultsTable} summaries=${found} />`;
  const { name } = store.experiment.value;
  const more = { series: store.series, experiment: store.id, name, searching: text.trim() !== "" };
  return html`<${MetricGroups} metrics=${found} ...${more} />`;
}

function Parts({ show, metrics, writers }) {
  const parts = [
    ["charts", "Charts", metrics.length],
    ["results", "Results", null],
    ...(writers ? [["writers", "Writers", writers.length]] : []),
    ["run", "Run", null],
    ["console", "Console", null],
  ];
  return html`<nav class="parts" aria-label="Parts of the experiment">
    ${parts.map(
      ([part, label, size]) => html`<a key=${part} href=${addressOf(part)} aria-current=${part === show ? "page" : null}>
        ${label} ${size !== null && html`<span class="muted">${count(size)}</span>`}
      </a>`,
    )}
  </nav>`;
}

function addressOf(part) {
  const params = new URLSearchParams(query.value);
  if (part === "charts") params.delete("show");
  else params.set("show", part);
  return params.size ? `${location.pathname}?${params}` : location.pathname;
}

function NotFound({ text }) {
  return html`<${Empty} title="No such metric">
    <p>No metric has a name with “${text}”.</p>
    <p><button type="button" onClick=${() => setQuery("q", "")}>Show all</button></p>
  <//>`;
}

function Nothing() {
  return html`<${Empty} title="No metrics yet">
    <p>Charts appear here by themselves as soon as the experiment logs:</p>
    <${Snippet} code=${'tora.tlog("loss", 0.25, step=1)'} label="How to log a metric" />
  <//>`;
}

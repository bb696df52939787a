// Several experiments side by side: on the same charts, in a table of what differs, and by what they depend on.
import { AddExperiment } from "../components/compare-add.js";
import { CompareCharts } from "../components/compare-charts.js";
import { Differences } from "../components/compare-differences.js";
import { Compared } from "../components/compare-list.js";
import { Relations } from "../components/compare-relations.js";
import { Empty, Problem } from "../components/parts.js";
import { MOST } from "../comparison.js";
import { count } from "../format.js";
import { useKeys } from "../keyboard.js";
import { html, useEffect, useMemo } from "../lib.js";
import { query } from "../router.js";
import { openComparison } from "../state/compare.js";
import { changeView, usePicture, useView } from "../state/compare-view.js";

const SHOWS = [
  ["charts", "Charts", CompareCharts],
  ["differences", "Differences", Differences],
  ["relations", "Relations", Relations],
];

export function Compare() {
  const store = useMemo(openComparison, []);
  const view = useView();
  const ids = view.ids.join();
  useEffect(() => store.close, [store]);
  useEffect(() => store.want(view.ids), [store, ids]);
  useEffect(() => store.keepCurrent(), [store]);
  useKeys(SHOWS.map(keyOf));

  const experiments = store.experiments.value;
  return html`<header class="compare-head">
      <p class="trail"><a href="/">Experiments</a></p>
      <h1>Compare</h1>
    </header>
    <${Problem} error=${store.error.value} />
    <${LeftOut} unknown=${store.unknown.value} beyond=${view.beyond} />
    ${view.ids.length === 0
      ? html`<${Nothing} view=${view} />`
      : experiments !== null && html`<${Page} ...${{ store, view, experiments }} />`}`;
}

function keyOf([show, label], index) {
  return { keys: String(index + 1), label: `Show ${label.toLowerCase()}`, run: () => changeView({ show }) };
}

function Page({ store, view, experiments }) {
  const picture = usePicture(store, view, experiments);
  const [, , Shown] = SHOWS.find(([show]) => show === view.show);
  return html`<div class="compare">
    <${Compared} ...${{ store, view, picture }} />
    <div class="compare-body">
      <nav class="tabs" aria-label="Ways to compare">
        ${SHOWS.map(
          ([show, label]) => html`<a key=${show} href=${hrefOf(show)} aria-current=${show === view.show ? "page" : null}>${label}</a>`,
        )}
      </nav>
      ${experiments.length === 0
        ? html`<${Empty} title="None of them is here"><p>This server knows none of the experiments in the address.</p><//>`
        : html`<${Shown} ...${{ store, view, picture }} />`}
    </div>
  </div>`;
}

function hrefOf(show) {
  const params = new URLSearchParams(query.value);
  params.set("show", show);
  return `/compare?${params}`;
}

/** What the address names and the page does not show, so that nobody looks for it in vain. */
function LeftOut({ unknown, beyond }) {
  const tooMany = beyond > 0 && `At most ${MOST} experiments are compared at once; the last ${count(beyond)} of the address are left out.`;
  if (unknown.length === 0 && !tooMany) return null;
  return html`<div class="problem" role="status">
    ${unknown.length > 0 &&
    html`<p>
      This server does not know ${unknown.map((id, index) => html`${index > 0 && ", "}<span class="id" key=${id}><bdi>${id}</bdi></span>`)}.
      It may have been deleted, or it was logged to another server.${" "}
      <button type="button" class="quiet" onClick=${() => leaveOut(unknown)}>Take out of the address</button>
    </p>`}
    ${tooMany && html`<p>${tooMany}</p>`}
  </div>`;
}

function leaveOut(unknown) {
  changeView(({ ids }) => ({ ids: ids.filter((id) => !unknown.includes(id)).join() }));
}

function Nothing({ view }) {
  return html`<${Empty} title="Nothing to compare yet">
    <p>Select experiments in <a href="/">the list</a> (press <kbd>x</kbd> on each) and press <kbd>c</kbd>, or look for one here:</p>
    <${AddExperiment} ids=${view.ids} />
  <//>`;
}

// A list of experiments with what narrows it; the whole page and a workspace's page are made of it.
import { count, counted } from "../format.js";
import { useKeys } from "../keyboard.js";
import { html, useEffect, useLayoutEffect, useMemo, useState } from "../lib.js";
import { metricsOf, ownColumns, parseColumns } from "../list-columns.js";
import { conditionsOf, withoutConditions } from "../list-view.js";
import { changeView, currentView, recallView, rememberView } from "../state/view.js";
import { BulkBar } from "./bulk-bar.js";
import { ColumnPicker } from "./column-picker.js";
import { ExperimentTable } from "./experiment-table.js";
import { ListBar } from "./list-bar.js";
import { Empty, Problem } from "./parts.js";

/** `page` is made by createListPage; `nothing` is what to show when there is not one experiment. */
export function ExperimentList({ page, title, nothing }) {
  const [ready, setReady] = useState(false);
  useLayoutEffect(() => {
    recallView(page.workspace);
    setReady(true);
  }, [page]);
  useEffect(() => page.columns.keepCurrent(), [page]);
  useEffect(() => page.list.keepCurrent(), [page]);
  return ready && html`<${Ready} ...${{ page, title, nothing }} />`;
}

function Ready({ page, title, nothing }) {
  const { list } = page;
  const view = currentView();
  const found = page.columns.found.value;
  const { keys, columns } = useColumns(view, found);
  const [choosing, setChoosing] = useState(false);
  useKeys([{ keys: "v", label: "Choose the columns", run: () => setChoosing(true) }]);

  const written = JSON.stringify(view);
  useEffect(() => rememberView(page.workspace, view), [page, written]);
  const asked = keys && requestOf(view, columns, found);
  useEffect(() => {
    if (asked) list.show(asked);
  }, [list, JSON.stringify(asked)]);

  const items = list.items.value;
  const total = list.total.value;
  const isBare = items?.length === 0 && conditionsOf(view).length === 0;
  const bar = { view, found, total, columns, filterError: list.filterError.value, onColumns: () => setChoosing(true) };
  return html`<div class="list" aria-busy=${list.loading.value}>
    <div class="heading">
      <h1>${title}</h1>
      ${items !== null && !isBare && html`<p class="muted">${counted(total, "experiment")}</p>`}
    </div>
    <${ListBar} ...${bar} />
    <${Problem} error=${list.error.value} />
    ${items === null || !keys ? html`<${Waiting} shown=${!list.error.value} />` : html`<${Found} ...${{ page, items, total, columns, view, nothing }} />`}
    <${BulkBar} page=${page} items=${items ?? []} tags=${found?.tags ?? []} />
    ${choosing && keys && html`<${ColumnPicker} ...${{ keys, found: found ?? NONE, own: view.columns === null, onClose: () => setChoosing(false) }} />`}
  </div>`;
}

const NONE = { params: [], metrics: [], tags: [] };

/** The columns of the view, or the list's own choice once it is known what there is. */
function useColumns(view, found) {
  const own = useMemo(() => found && ownColumns(found.metrics), [found]);
  const keys = view.columns ?? own;
  const columns = useMemo(() => parseColumns(keys ?? []), [keys?.join("\n")]);
  return { keys: keys && columns.map(({ key }) => key), columns };
}

function requestOf(view, columns, found) {
  const { q, filter, tag, status, archived, sort } = view;
  // None at all would mean all of them.
  const some = found?.metrics.slice(0, 1).map(({ name }) => name) ?? [];
  const metrics = metricsOf(columns);
  return { q, filter, tag, status, archived, sort, metrics: metrics.length ? metrics : some };
}

function Found({ page, items, total, columns, view, nothing }) {
  const { columns: _, ...reset } = view;
  if (items.length > 0) return html`<${ExperimentTable} ...${{ page, items, total, columns, view, reset: JSON.stringify(reset) }} />`;
  const conditions = conditionsOf(view);
  if (conditions.length === 0) return nothing;
  const clear = () => changeView(withoutConditions(view));
  return html`<${Empty} title="Nothing found">
    <p>No experiment meets ${conditions.length === 1 ? "this condition" : `these ${count(conditions.length)} conditions together`}:</p>
    <ul class="conditions">
      ${conditions.map(({ name, text }) => html`<li key=${name} class="tag"><bdi>${text}</bdi></li>`)}
    </ul>
    <p><button type="button" onClick=${clear}>Clear the search</button></p>
  <//>`;
}

/** Rows that hold the place, so that nothing jumps when the real ones come. */
function Waiting({ shown }) {
  if (!shown) return null;
  return html`<div class="waiting" aria-hidden="true">${[0, 1, 2, 3, 4, 5].map((row) => html`<span key=${row}></span>`)}</div>`;
}

// A list of experiments with what narrows it; the whole page and a workspace's page are made of it.
import { counted } from "../format.js";
import { useKeys } from "../keyboard.js";
import { html, useEffect, useLayoutEffect, useMemo, useState } from "../lib.js";
import { metricsOf, ownColumns, parseColumns } from "../list-columns.js";
import { conditionsOf } from "../list-view.js";
import { mayEdit } from "../roles.js";
import { mayWrite } from "../state/session.js";
import { currentView, recallView, rememberView } from "../state/view.js";
import { BulkBar } from "./bulk-bar.js";
import { ColumnPicker } from "./column-picker.js";
import { ExperimentTable } from "./experiment-table.js";
import { ListBar } from "./list-bar.js";
import { NothingFound, Refused, Waiting } from "./list-instead.js";
import { Problem } from "./parts.js";

// More than a screen shows: these come with all their metrics.
const FIRST_ROWS = 40;

/**
 * `page` is made by createListPage; `nothing` is what to show when there is not one experiment, `missing` when
 * there is no such list; `more` stands beside the title, and `role` is the reader's in all of the list, where there is one.
 */
export function ExperimentList({ page, title, nothing, missing, more = null, role = null }) {
  const [ready, setReady] = useState(false);
  useLayoutEffect(() => {
    recallView(page.name);
    setReady(true);
  }, [page]);
  // Before anything is painted: what the page waits for is under way meanwhile.
  useLayoutEffect(() => page.columns.keepCurrent(), [page]);
  useLayoutEffect(() => page.list.keepCurrent(), [page]);
  return ready && html`<${Ready} ...${{ page, title, nothing, missing, more, role }} />`;
}

function Ready({ page, title, nothing, missing, more, role }) {
  const { list } = page;
  const view = currentView();
  const found = page.columns.found.value;
  const { keys, columns } = useColumns(view, found);
  const [choosing, setChoosing] = useState(false);
  useKeys([{ keys: "v", label: "Choose the columns", run: () => setChoosing(true) }]);

  const written = JSON.stringify(view);
  useEffect(() => rememberView(page.name, view), [page, written]);
  const items = list.items.value;
  const total = list.total.value;
  // The first rows need not wait until it is known which columns there are.
  const [isEarly] = useState(!keys);
  const asked = isEarly && items === null ? earlyRequestOf(view) : keys && requestOf(view, columns, found);
  useLayoutEffect(() => {
    if (asked) list.show(asked);
  }, [list, JSON.stringify(asked)]);

  const filterError = list.filterError.value;
  const refusal = filterError ?? (list.error.value?.status === 400 ? list.error.value : null);
  if (missing && list.error.value?.status === 404) return missing;
  const isBare = items?.length === 0 && conditionsOf(view).length === 0;
  const bar = { view, found, total, columns, filterError, isToldBelow: items === null, onColumns: () => setChoosing(true) };
  return html`<div class="list" aria-busy=${list.loading.value}>
    <div class="heading">
      <h1>${title}</h1>
      ${items !== null && !isBare && html`<p class="muted">${counted(total, "experiment")}</p>`}
      ${more}
    </div>
    <${ListBar} ...${bar} />
    ${(items !== null || !refusal) && html`<${Problem} error=${list.error.value} />`}
    ${items !== null && (keys || items.length === 0) ? html`<${Found} ...${{ page, items, total, columns, view, nothing }} />` : html`<${Instead} ...${{ refusal, filterError, error: list.error.value }} />`}
    <${BulkBar} ...${{ page, items: items ?? [], tags: found?.tags ?? [], canEdit: mayWrite.value && (role === null || mayEdit(role)) }} />
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

/** All metrics, as it is not known yet which ones matter. */
function earlyRequestOf({ columns: _, ...view }) {
  return { ...view, metrics: [], limit: FIRST_ROWS };
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
  return conditionsOf(view).length ? html`<${NothingFound} view=${view} />` : nothing;
}

/** What stands where the rows will. */
function Instead({ refusal, filterError, error }) {
  if (refusal) return html`<${Refused} error=${refusal} isFilter=${refusal === filterError} />`;
  return !error && html`<${Waiting} />`;
}

// One experiment as a row, a cell for each column that the reader chose.
import { seriesColor } from "../color.js";
import { duration, exact, number, parameter } from "../format.js";
import { html, useMemo } from "../lib.js";
import { titleOf } from "../list-columns.js";
import { parameterOf, statisticOf } from "../list-values.js";
import { navigate } from "../router.js";
import { Status, Tags, When } from "./parts.js";
import { Sparkline } from "./sparkline.js";

const NOTHING = html`<span class="muted">–</span>`;

/** A tick of the clock that keeps the list current changes few rows: the others are left alone. */
export function ExperimentRow({ experiment, columns, index, ticked, isCursor, page }) {
  return useMemo(
    () => html`<${Row} ...${{ experiment, columns, index, ticked, isCursor, page }} />`,
    [experiment, columns, index, ticked, isCursor, page],
  );
}

function Row({ experiment, columns, index, ticked, isCursor, page: { selection, cursor, sparklines } }) {
  const { id, name } = experiment;
  const onTick = (event) => (event.shiftKey ? selection.extendTo(experiment) : selection.toggle(experiment));
  const onFocus = () => {
    cursor.value = id;
  };
  // The header is the first row.
  return html`<tr
    role="row"
    aria-rowindex=${index + 2}
    data-id=${id}
    data-ticked=${ticked ? "" : null}
    data-cursor=${isCursor ? "" : null}
    onClick=${(event) => open(event, id)}
    onFocusIn=${onFocus}
  >
    <td role="cell" class="tick">
      <input type="checkbox" aria-label=${`Select ${name}`} checked=${ticked} onClick=${onTick} />
    </td>
    ${columns.map(
      (column) => html`<td key=${column.key} role="cell" class=${`of-${column.kind}`} data-label=${titleOf(column)}>
        <${Cell} ...${{ column, experiment, sparklines }} />
      </td>`,
    )}
  </tr>`;
}

/** The whole row opens the experiment, but for what has a use of its own and for text that is being marked. */
function open(event, id) {
  const own = event.target.closest("a, input, button, .tick");
  if (own || event.button !== 0 || !getSelection().isCollapsed) return;
  const address = `/e/${encodeURIComponent(id)}`;
  if (event.ctrlKey || event.metaKey) window.open(address);
  else navigate(address);
}

function Cell({ column, experiment, sparklines }) {
  if (column.kind === "spark") return html`<${Sparkline} id=${experiment.id} points=${sparklines.line(experiment.id, column.name)} />`;
  return CELLS[column.kind](experiment, column);
}

const CELLS = {
  status: ({ status }) => html`<${Status} status=${status} />`,
  name: nameCell,
  tags: ({ tags }) => html`<${Tags} tags=${tags} />`,
  created: ({ createdAt }) => html`<${When} instant=${createdAt} />`,
  duration: (experiment) => html`<span title=${experiment.endedAt ? `Ended ${exact(experiment.endedAt)}` : null}>${duration(experiment.duration * 1000)}</span>`,
  param: (experiment, { name }) => paramCell(parameterOf(experiment, name)),
  metric: (experiment, column) => metricCell(statisticOf(experiment, column)),
};

function nameCell({ id, name, archived }) {
  return html`<span class="swatch" aria-hidden="true" style=${{ background: `var(${seriesColor(id)})` }}></span>
    <a href=${`/e/${encodeURIComponent(id)}`} title=${name}><bdi>${name}</bdi></a>
    ${archived && html`<span class="badge">archived</span>`}`;
}

function paramCell(value) {
  if (value === undefined) return NOTHING;
  const text = parameter(value);
  return html`<bdi title=${text}>${text}</bdi>`;
}

function metricCell(value) {
  return value === undefined ? NOTHING : html`<span title=${String(value ?? "")}>${number(value)}</span>`;
}

// The header of the list: a click on a title sorts by it, and the box ticks all rows.
import { html } from "../lib.js";
import { directionOf, nextSort, sortOf, titleOf } from "../list-columns.js";
import { changeView } from "../state/view.js";

export function ListHead({ columns, view, page: { selection }, items, total }) {
  const ticked = selection.ticked.value;
  // The box follows the click at once, though rows may have to be loaded before all are ticked.
  const all =
    selection.gathering.value !== null || (total > 0 && items.length === total && items.every(({ id }) => ticked.has(id)));
  const onAll = () => (all ? selection.clear() : selection.all());
  return html`<thead role="rowgroup">
    <tr role="row" aria-rowindex="1">
      <th role="columnheader" scope="col" class="tick">
        <input
          type="checkbox"
          aria-label="Select all experiments of the list"
          checked=${all}
          indeterminate=${!all && ticked.size > 0}
          onClick=${onAll}
        />
      </th>
      ${columns.map((column) => html`<${Title} key=${column.key} column=${column} current=${view.sort} />`)}
    </tr>
  </thead>`;
}

function Title({ column, current }) {
  const sort = sortOf(column);
  const title = titleOf(column);
  const direction = directionOf(current, sort);
  const change = () => changeView({ sort: nextSort(current, sort) });
  return html`<th role="columnheader" scope="col" class=${`of-${column.kind}`} aria-sort=${direction} title=${title}>
    ${sort === null
      ? html`<span class="title"><bdi>${column.name}</bdi></span>`
      : html`<button type="button" onClick=${change}>
          <span class="title"><bdi>${column.name}</bdi></span>
          ${column.statistic && column.statistic !== "last" && html`<span class="statistic">${column.statistic}</span>`}
          <span class="arrow" aria-hidden="true">${{ ascending: "↑", descending: "↓" }[direction] ?? ""}</span>
        </button>`}
  </th>`;
}

// The experiments as a table of which only the rows on the screen exist; on a phone each row is a small card.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";
import { gridOf, metricsOf } from "../list-columns.js";
import { narrow } from "../state/narrow.js";
import { windowOf } from "../window.js";
import { ExperimentRow } from "./experiment-row.js";
import { ListHead } from "./list-head.js";
import { useRowKeys } from "./list-keys.js";

const TICK_WIDTH = 40;
const AHEAD = 60;
// As in list.css.
const ROW = 40;
const CARD = 96;
const HEAD = 34;

/** `page` is made by createListPage; `reset` changes whenever the list is another one and begins at its top. */
export function ExperimentTable({ page, items, total, columns, view, reset }) {
  const scroller = useRef(null);
  const row = narrow.value ? CARD : ROW;
  const head = narrow.value ? 0 : HEAD;
  const { rows, measure } = useWindow(scroller, { page, row, head, total, reset });
  useRowKeys({ page, items, scroller, row, head, measure });

  const seen = items.slice(rows.first, rows.end);
  useEffect(() => {
    page.list.watch(seen.map(({ id }) => id));
    if (items.length < Math.min(total, rows.end + AHEAD)) page.list.ensure(rows.end + AHEAD);
    const lines = metricsOf(columns.filter(({ kind }) => kind === "spark"));
    if (lines.length) page.sparklines.want(seen, lines);
  }, [items, columns, rows, total]);

  const { template, width } = gridOf(columns, TICK_WIDTH);
  const ticked = page.selection.ticked.value;
  const style = narrow.value ? {} : { "--tracks": template, minWidth: `${width}px` };
  const space = { height: `${total * row}px`, paddingTop: `${rows.first * row}px` };
  return html`<div class="scroller" ref=${scroller} onScroll=${measure} data-covered=${ticked.size > 0 && rows.end < total ? "" : null}>
    <table class="experiments" role="table" aria-label="Experiments" aria-rowcount=${total + 1} style=${style}>
      <${ListHead} ...${{ columns, view, page, items, total }} />
      <tbody role="rowgroup" style=${space}>
        ${seen.map((experiment, place) => {
          const { id } = experiment;
          const state = { ticked: ticked.has(id), isCursor: page.cursor.value === id, index: rows.first + place };
          return html`<${ExperimentRow} key=${id} ...${{ experiment, columns, page, ...state }} />`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** The rows to render as the reader scrolls; the position is kept for when they come back to the page. */
function useWindow(scroller, { page, row, head, total, reset }) {
  const { place } = page.list;
  const [rows, setRows] = useState(() => windowOf({ top: place.top, height: innerHeight, row, total }));

  const measure = () => {
    // An observer may tell of the end of an element that is no longer on the page.
    if (scroller.current === null) return;
    const { scrollTop, clientHeight } = scroller.current;
    place.top = scrollTop;
    const now = windowOf({ top: scrollTop, height: clientHeight - head, row, total });
    setRows((before) => (before.first === now.first && before.end === now.end ? before : now));
  };

  useLayoutEffect(() => {
    if (place.of !== reset) place.top = 0;
    place.of = reset;
    scroller.current.scrollTop = place.top;
    measure();
  }, [reset, row]);

  useLayoutEffect(measure, [total]);

  const latest = useRef(measure);
  latest.current = measure;
  useEffect(() => {
    const observer = new ResizeObserver(() => latest.current());
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);
  return { rows, measure };
}

// The keys that move over the rows of the list and act on them.
import { useKeys } from "../keyboard.js";
import { useLayoutEffect, useRef } from "../lib.js";
import { navigate } from "../router.js";
import { scrollTo } from "../window.js";

/** `measure` renders the rows of a new position of the scroll. */
export function useRowKeys({ page: { cursor, selection, list }, items, scroller, row, head, measure }) {
  const wanted = useRef(null);
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const link = scroller.current.querySelector(`tr[data-id="${CSS.escape(wanted.current)}"] a`);
    if (!link) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
  });

  const current = () => items.findIndex(({ id }) => id === cursor.peek());

  const goTo = (index) => {
    const box = scroller.current;
    wanted.current = items[index].id;
    box.scrollTop = scrollTo({ index, top: box.scrollTop, height: box.clientHeight, row, head });
    // Something else may have had the focus while the cursor stayed: it is given back all the same.
    cursor.value = null;
    cursor.value = wanted.current;
    measure();
  };

  const move = (by) => {
    if (items.length === 0) return false;
    const from = current();
    const first = Math.ceil(scroller.current.scrollTop / row);
    goTo(Math.min(Math.max(from < 0 ? first : from + by, 0), items.length - 1));
    return true;
  };

  const onCurrent = (act) => {
    const item = items[current()];
    if (!item) return false;
    act(item);
    return true;
  };

  const clear = () => {
    if (selection.ticked.peek().size === 0 && cursor.peek() === null) return false;
    selection.clear();
    cursor.value = null;
    if (scroller.current.contains(document.activeElement)) document.activeElement.blur();
    return true;
  };

  useKeys([
    { keys: "j", label: "Next row", run: () => move(1) },
    { keys: "k", label: "Row before", run: () => move(-1) },
    { keys: "Enter", label: "Open the row's experiment", run: () => onCurrent(({ id }) => navigate(`/e/${encodeURIComponent(id)}`)) },
    { keys: "x", label: "Select the row", run: () => onCurrent(selection.toggle) },
    { keys: "X", label: "Select all from the last one to the row", run: () => onCurrent(selection.extendTo) },
    { keys: "c", label: "Compare what is selected", run: () => compare(selection) },
    { keys: "Escape", label: "Clear the selection", run: clear },
  ]);
}

/** The address of the page that compares experiments. */
export function compareAddress(items) {
  return `/compare?ids=${items.map(({ id }) => encodeURIComponent(id)).join(",")}`;
}

function compare(selection) {
  const items = selection.items.peek();
  if (items.length === 0) return false;
  navigate(compareAddress(items));
  return true;
}

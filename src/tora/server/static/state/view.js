// The view of a list: in the address, and the last one remembered by this browser.
import { readView, writeView } from "../list-view.js";
import { query, setSearch } from "../router.js";

const KEY = "tora.view";

/** The view in the address. */
export function currentView() {
  return readView(query.value);
}

/** Change some parts of the view. What is typed replaces the entry of the history, all else makes a new one. */
export function changeView(changes, { typed = false } = {}) {
  setSearch(writeView({ ...readView(query.peek()), ...changes }), { push: !typed });
}

/** Show the list as it is by itself. */
export function resetView() {
  setSearch(new URLSearchParams(), { push: true });
}

/** Take up the last view where the address names none; only for a page that opens, or "back" would lead nowhere. */
export function recallView(list) {
  if (query.peek().size > 0) return;
  try {
    setSearch(writeView(readView(new URLSearchParams(localStorage.getItem(keyOf(list)) ?? ""))));
  } catch {
    // Storage is switched off.
  }
}

export function rememberView(list, view) {
  try {
    localStorage.setItem(keyOf(list), writeView(view).toString());
  } catch {
    // Storage is switched off: the address alone keeps it.
  }
}

function keyOf(list) {
  return list === null ? KEY : `${KEY}.${list}`;
}

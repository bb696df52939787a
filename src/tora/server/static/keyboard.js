// Keys that work on every page.

const EDITABLE = "input, textarea, select, [contenteditable]";

/** Listen for "/", which goes to the page's search, and Escape, which leaves it. */
export function startKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.closest?.(EDITABLE)) focusSearch(event);
    if (event.key === "Escape" && event.target.matches?.("[type=search]")) event.target.blur();
  });
}

function focusSearch(event) {
  const search = document.querySelector("[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
}

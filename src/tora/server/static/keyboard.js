// The keys of a page: components register what they answer to, "?" shows all that is registered.
import { bindingsOf } from "./keys.js";
import { signal, useLayoutEffect, useMemo } from "./lib.js";

// A check box takes no text: a reader who just clicked one goes on with the keys of the page.
const FIELD = "input:not([type=checkbox]), textarea, select, [contenteditable]";
const PRESSED = "a[href], button, summary, input, [role=button], [tabindex='0']";

/** What is registered now: a list of `{current}` with the bindings of one component each. */
export const registered = signal([]);

/** Whether the list of keys is shown. */
export const helpShown = signal(false);

const OF_ALL_PAGES = {
  current: [
    { keys: "/", label: "Go to the search", run: focusSearch },
    {
      keys: "?",
      label: "Show the keys of this page",
      run: () => {
        helpShown.value = true;
      },
    },
  ],
};

/**
 * Answer to keys while the component is on the page: `[{keys, label, run}]`, `keys` as KeyboardEvent.key
 * tells them (one or a list), `label` for the list of keys (none: not listed). `run` gets the event; where it returns false
 * the key goes on to whoever else would have it. Keys typed in fields or with Ctrl, Alt or Meta do not count.
 */
export function useKeys(bindings) {
  const entry = useMemo(() => ({ current: bindings }), []);
  entry.current = bindings;
  // Before the page is painted: whoever sees it can press its keys.
  useLayoutEffect(() => {
    registered.value = [...registered.peek(), entry];
    return () => {
      registered.value = registered.peek().filter((other) => other !== entry);
    };
  }, []);
}

/** Begin to listen; "/" goes to the page's search and Escape leaves it. */
export function startKeyboard() {
  registered.value = [OF_ALL_PAGES, ...registered.peek()];
  document.addEventListener("keydown", onKey);
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && event.target.matches?.("[type=search]")) event.target.blur();
  else if (meantForThePage(event)) run(event);
}

function meantForThePage({ key, target }) {
  if (document.querySelector("dialog:modal") || target.closest?.(FIELD)) return false;
  return !((key === "Enter" || key === " ") && target.closest?.(PRESSED));
}

function run(event) {
  const groups = registered.peek().map(({ current }) => current);
  const taken = bindingsOf(groups, event.key).some((binding) => binding.run(event) !== false);
  if (taken) event.preventDefault();
}

function focusSearch() {
  const search = document.querySelector("[type=search]");
  if (!search) return false;
  search.focus();
  search.select();
  return true;
}

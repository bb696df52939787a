// The address as a signal, and links that change it without loading the page again.
import { computed, signal } from "./lib.js";
import { match } from "./routes.js";

const address = signal(current());

/** `{view, id}` of the page to show. */
export const route = computed(() => match(new URL(address.value).pathname));

/** The query of the address. */
export const query = computed(() => new URL(address.value).searchParams);

function current() {
  return location.href;
}

/** Go to another page of the dashboard; with `replace`, "back" does not return to the one that is left. */
export function navigate(href, { replace = false } = {}) {
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  address.value = current();
  scrollTo(0, 0);
}

/** Write one value of the query into the address; an empty one goes. */
export function setQuery(name, value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  history.replaceState(null, "", url);
  address.value = current();
}

/** Put a whole query into the address; with `push`, "back" returns to the one before. */
export function setSearch(params, { push = false } = {}) {
  const url = new URL(location.href);
  url.search = params.toString();
  if (url.href === location.href) return;
  if (push) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
  address.value = current();
}

/** Follow the browser's own back and forward, and take over clicks on links to pages of the dashboard. */
export function startRouter() {
  addEventListener("popstate", () => {
    address.value = current();
  });
  document.addEventListener("click", takeOver);
}

function takeOver(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || !isPlainClick(event) || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || match(link.pathname).view === null) return;
  if (leadsWithin(link)) return;
  event.preventDefault();
  if (link.href !== location.href) navigate(link.href);
}

/** A place of the page that is open: the browser goes there by itself, and takes the focus along. */
function leadsWithin(link) {
  return link.hash !== "" && link.pathname === location.pathname && link.search === location.search;
}

function isPlainClick(event) {
  const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  return event.button === 0 && !modified && !event.defaultPrevented;
}

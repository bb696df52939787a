// A list of experiments: found by text, loaded page by page, kept current.
import { ApiError, isAborted, listExperiments } from "../api.js";
import { batch, signal } from "../lib.js";
import { whileVisible } from "../live.js";
import { withFreshHead, withNextPage } from "../pages.js";

const PAGE = 50;

/** Make a list; `workspace` narrows it to one workspace. It is empty-handed until `search` is called. */
export function createList({ workspace = null } = {}) {
  const items = signal(null);
  const error = signal(null);
  const loading = signal(false);
  let text = "";
  let next = null;
  let reader = new AbortController();

  const load = async (cursor, take) => {
    const { signal: stop } = reader;
    try {
      const page = await listExperiments({ q: text, workspace, cursor, limit: PAGE, signal: stop });
      batch(() => {
        error.value = null;
        take(page);
      });
    } catch (failure) {
      if (isAborted(failure)) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    }
  };

  const replaceAll = (page) => {
    items.value = page.items;
    next = page.next;
  };

  const search = async (wanted) => {
    reader.abort();
    reader = new AbortController();
    const { signal: stop } = reader;
    text = wanted;
    loading.value = true;
    await load(null, replaceAll);
    if (!stop.aborted) loading.value = false;
  };

  const refresh = () =>
    load(null, (page) => {
      if (!page.next || items.value === null) replaceAll(page);
      else items.value = withFreshHead(items.value, page.items);
    });

  const more = async () => {
    if (loading.value || !next) return;
    loading.value = true;
    await load(next, (page) => {
      items.value = withNextPage(items.value, page.items);
      next = page.next;
    });
    loading.value = false;
  };

  return { items, error, loading, search, more, keepCurrent: () => whileVisible(refresh) };
}

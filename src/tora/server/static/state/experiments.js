// A list of experiments: what the view asks for, loaded page by page as someone scrolls, kept current.
import { ApiError, isAborted, listExperiments } from "../api.js";
import { batch, computed, signal } from "../lib.js";
import { followOverview } from "../live.js";
import { withFreshHead, withNextPage, withReplaced } from "../pages.js";
import { hidden, hide } from "./hidden.js";

const PAGE = 200;
const LARGEST_PAGE = 1000;
const STEADY = new Set(["-created", "created", "", null, undefined]);

/** Make a list; `workspace` narrows it to one workspace, `mine` to the reader's own. It is empty-handed until `show` is called. */
export function createList({ workspace = null, mine = null } = {}) {
  const loaded = signal(null);
  const total = signal(0);
  const error = signal(null);
  const filterError = signal(null);
  const loading = signal(false);
  let asked = null;
  let next = null;
  let reader = new AbortController();
  let onScreen = [];
  let growing = null;
  let goal = 0;
  let showing = null;

  const shown = computed(() => loaded.value?.filter(({ id }) => !hidden.value.has(id)) ?? null);
  const shownTotal = computed(() => total.value - (loaded.value?.length ?? 0) + (shown.value?.length ?? 0));

  /** Run a request of the present reader; answers whether it was taken. */
  const guarded = async (work) => {
    const { signal: stop } = reader;
    try {
      const take = await work((more) => listExperiments({ limit: PAGE, ...asked, workspace, mine, signal: stop, ...more }));
      if (stop.aborted) return false;
      batch(() => {
        error.value = null;
        filterError.value = null;
        take();
      });
      return true;
    } catch (failure) {
      if (isAborted(failure)) return false;
      if (!(failure instanceof ApiError)) throw failure;
      // A wrong expression is told at its field; what was found before stays.
      const isFilter = failure.status === 400 && Boolean(asked.filter);
      batch(() => {
        filterError.value = isFilter ? failure : null;
        error.value = isFilter ? null : failure;
      });
      return false;
    }
  };

  const replaceAll = (page) => {
    loaded.value = page.items;
    total.value = page.total;
    next = page.next;
  };

  /** Ask for `{q, filter, tag, status, archived, sort, metrics, limit}`; the same again asks nothing. */
  const show = async (wanted) => {
    if (asked !== null && JSON.stringify(wanted) === JSON.stringify(asked)) return;
    reader.abort();
    reader = new AbortController();
    [growing, goal] = [null, 0];
    const { signal: stop } = reader;
    asked = wanted;
    next = null;
    loading.value = true;
    showing = guarded(async (fetchPage) => {
      const page = await fetchPage();
      return () => replaceAll(page);
    });
    await showing;
    if (!stop.aborted) loading.value = false;
  };

  const refresh = () => (asked === null ? undefined : guarded(refreshed));

  const refreshed = async (fetchPage) => {
    const page = await fetchPage();
    const inHead = new Set(page.items.map(({ id }) => id));
    const ids = onScreen.filter((id) => !inHead.has(id));
    const below = ids.length ? (await fetchPage({ ids })).items : [];
    return () => {
      if (!page.next || loaded.value === null) return replaceAll(page);
      total.value = page.total;
      loaded.value = withReplaced(withFreshHead(loaded.value, page.items), ids, below);
    };
  };

  /** Take what is told of all experiments: rows that are there are asked for alone where no other could have moved. */
  const takeSeen = ({ changed, gone, reload }) => {
    const known = new Set((loaded.peek() ?? []).map(({ id }) => id));
    const moved = reload || !STEADY.has(asked?.sort) || changed.some((id) => !known.has(id)) || gone.some((id) => known.has(id));
    return moved ? refresh() : replace(changed);
  };

  const replace = (ids) =>
    ids.length === 0
      ? undefined
      : guarded(async (fetchPage) => {
          const { items } = await fetchPage({ ids, cursor: null, limit: ids.length });
          return () => {
            // Those that have left the list meanwhile are no longer counted.
            const before = loaded.value ?? [];
            const after = withReplaced(before, ids, items);
            total.value -= before.length - after.length;
            loaded.value = after;
          };
        });

  /** Load pages until so many experiments are there, or all; false where something else was asked for meanwhile. */
  const ensure = async (rows) => {
    await showing;
    goal = Math.max(goal, rows); // what grows already grows on to the larger goal
    const { signal: stop } = reader;
    growing ??= Promise.resolve().then(() => grow(stop));
    return growing;
  };

  const grow = async (stop) => {
    const missing = () => goal - (loaded.peek()?.length ?? 0);
    try {
      while (!stop.aborted && next && missing() > 0) {
        const cursor = next;
        const limit = Math.max(PAGE, Math.min(missing(), LARGEST_PAGE));
        const taken = await guarded(async (fetchPage) => {
          const page = await fetchPage({ cursor, limit });
          return () => {
            loaded.value = withNextPage(loaded.value, page.items);
            next = page.next;
          };
        });
        if (!taken) break;
      }
    } finally {
      // In one step with the last look at the goal: whoever raises it from here on must not be told that it is reached.
      if (!stop.aborted) [growing, goal] = [null, 0];
    }
    return !stop.aborted;
  };

  /** Tell which rows are on the screen: they are kept current beyond the first page too. */
  const watch = (ids) => {
    onScreen = ids;
  };

  /** Replace experiments by what they are now; those that `isListed` denies go. */
  const update = (items, isListed = () => true) => {
    const now = new Map(items.map((item) => [item.id, item]));
    const left = (loaded.peek() ?? []).filter(({ id }) => !now.has(id) || isListed(now.get(id)));
    batch(() => {
      total.value -= (loaded.peek()?.length ?? 0) - left.length;
      loaded.value = left.map((item) => ({ ...item, ...now.get(item.id), metrics: item.metrics }));
    });
  };

  const keepCurrent = () => {
    // Whoever comes back to the page sees at once what was there, and soon what is there now.
    refresh();
    return followOverview({ take: takeSeen, refresh });
  };
  const place = { top: 0 };
  return { items: shown, total: shownTotal, error, filterError, loading, place, show, refresh, ensure, watch, update, hide, keepCurrent };
}

// A comparison: the experiments that the address names, kept current while they run, and what is pointed at.
import { ApiError, isAborted, listExperiments } from "../api.js";
import { batch, signal } from "../lib.js";
import { followOverview } from "../live.js";
import { createCompareSeries } from "./compare-series.js";
import { createZoom } from "./zoom.js";

/**
 * Open a comparison of nothing; `want` says of what, `close` ends every request. `dragged` is a brush that a reader is
 * drawing, `{text, bounds}`: the address gets it when it is done.
 */
export function openComparison() {
  const experiments = signal(null);
  const unknown = signal([]);
  const error = signal(null);
  const pointed = signal(null);
  const dragged = signal(null);
  const known = new Map();
  const reader = new AbortController();
  const counts = new Map();
  let ids = [];

  const zoom = createZoom();
  const hasMetric = (id, name) => counts.get(id)?.has(name) ?? false;
  const originOf = (id) => Date.parse(known.get(id).createdAt) / 1000;
  const series = createCompareSeries({ hasMetric, originOf, zoom });

  const want = (wanted) => {
    if (wanted.join() === ids.join() && experiments.value !== null) return;
    ids = wanted;
    const missing = ids.filter((id) => !known.has(id));
    if (missing.length === 0) publish();
    else load(missing);
  };

  const load = async (some) => {
    try {
      const { items } = await listExperiments({ ids: some, archived: "all", limit: some.length, signal: reader.signal });
      items.forEach(learn);
      batch(() => {
        error.value = null;
        publish();
      });
    } catch (failure) {
      if (isAborted(failure)) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    }
  };

  const learn = (item) => {
    const before = counts.get(item.id);
    const now = new Map(item.metrics.map(({ name, count }) => [name, count]));
    known.set(item.id, item);
    counts.set(item.id, now);
    if (before) series.outdate(item.id, [...now.keys()].filter((name) => now.get(name) !== before.get(name)));
  };

  const publish = () => {
    experiments.value = ids.map((id) => known.get(id)).filter(Boolean);
    unknown.value = ids.filter((id) => !known.has(id));
  };

  const refresh = async () => {
    const due = error.value ? ids : ids.filter((id) => known.get(id)?.status === "running");
    if (due.length) await load(due);
  };

  /** Let these ids stand out on the whole page, or none in particular. */
  const point = (some) => {
    pointed.value = some && new Set(some);
  };

  const close = () => {
    reader.abort();
    series.close();
  };

  const takeSeen = ({ changed, reload }) => {
    const due = reload ? ids : ids.filter((id) => changed.includes(id));
    return due.length ? load(due) : undefined;
  };

  const keepCurrent = () => followOverview({ take: takeSeen, refresh });
  return { experiments, unknown, error, pointed, point, dragged, zoom, series, want, keepCurrent, close };
}

// The points behind the charts of one experiment: asked for when seen, many names in one request, added to from live events,
// asked for anew when too many were added, and finer for the part that the reader zoomed into.
import { ApiError, isAborted } from "../api.js";
import { batch, computed, effect, untracked } from "../lib.js";
import { chartSettings } from "./chart-settings.js";
import { createFirstBreaks } from "./first-breaks.js";
import { isExact, newEntry, POINTS, pointsFor, readFrom, unrefine, within } from "./series-entry.js";
import { sharedRequests } from "./series-requests.js";
import { createZoom } from "./zoom.js";

const REFETCH_AFTER = 2000;
const KEPT_UNSEEN = 100;

/**
 * Make the store of one experiment's series; `close` ends it. `settings` is a signal of which `x`, `writers` and `by` count, `zoom` is
 * shared by the charts of a page, `origin` answers the moment, Unix seconds, that relative times count from. Stores that share
 * `requests` share requests too: the same question about many experiments is asked once.
 */
export function createSeries(experiment, options = {}) {
  const { settings = chartSettings, zoom = createZoom(), origin = () => 0, requests = sharedRequests } = options;
  const entries = new Map();
  const unseen = new Set();
  const query = computed(() => `${settings.value.x} ${settings.value.writers} ${settings.value.by}`);
  const breaks = createFirstBreaks(experiment, requests);
  let reader = new AbortController();

  /** The entry of a metric: `drawn` is a signal of `{columns, groups, x, unit, nonFinite}`, null before the first answer; `error`. */
  const entry = (name) => {
    if (!entries.has(name)) entries.set(name, newEntry(name, zoom));
    return entries.get(name);
  };

  /** Keep a metric current until `hide`; `points` is how many there is room for. */
  const show = (name, points = POINTS) => {
    const found = entry(name);
    unseen.delete(found);
    found.watchers += 1;
    if (points > found.points) Object.assign(found, { points, stale: true, notBefore: 0, refining: null });
    if (found.stale) load(found);
    refine(found);
  };

  const hide = (name) => {
    const found = entry(name);
    found.watchers -= 1;
    if (found.watchers > 0) return;
    found.points = POINTS;
    unrefine(found);
    unseen.add(found);
    if (unseen.size > KEPT_UNSEEN) forget(unseen.values().next().value);
  };

  const forget = (found) => {
    unseen.delete(found);
    found.whole.drop();
    found.stale = true;
  };

  const load = (found) => {
    if (found.fetching || found.watchers === 0) return;
    clearTimeout(found.timer);
    found.timer = setTimeout(() => found.watchers > 0 && fetchWhole(found), Math.max(0, found.notBefore - performance.now()));
  };

  const fetchWhole = async (found) => {
    const { signal: stop } = reader;
    Object.assign(found, { fetching: true, stale: false, notBefore: performance.now() + REFETCH_AFTER });
    found.whole.begin();
    try {
      await answered(found, found.whole, { points: found.points }, stop);
    } finally {
      if (!stop.aborted) found.fetching = false;
    }
    if (stop.aborted) return;
    if (found.stale && found.error.value === null) load(found);
    refine(found);
  };

  const answered = async (found, part, { range = {}, points }, stop) => {
    const { x, writers, by = "", groups = [] } = settings.peek();
    const from = x === "relative" ? origin() : 0;
    const across = writers === "across" && { across: "writers", ...(by && { by }) };
    const asked = { points: pointsFor(points, groups.length), x: x === "relative" ? "time" : x, ...across };
    const bounds = Object.fromEntries(Object.entries(range).map(([key, value]) => [key, value + from]));
    try {
      const answer = await requests.ask({ experiment, name: found.name, ...asked, ...bounds, signal: stop });
      if (stop.aborted) return;
      const read = readFrom(answer, from);
      batch(() => {
        part.take({ ...read, nonFinite: answer?.nonFinite ?? 0, x, writers, by, range }, answer?.tick ?? 0);
        found.error.value = null;
      });
    } catch (error) {
      if (isAborted(error)) return;
      if (!(error instanceof ApiError)) throw error;
      Object.assign(found, { stale: true });
      found.error.value = error;
    }
  };

  /** Ask for finer points of the part that is shown, unless all of its points are there. */
  const refine = (found) => {
    const view = found.whole.view.peek();
    const range = view && untracked(() => zoom.on(view.x));
    if (!range || found.watchers === 0) return;
    if (found.refining === range && found.detail.appended <= 2 * POINTS) return;
    found.reader?.abort();
    found.reader = new AbortController();
    found.refining = range;
    if (isExact(view, range)) return found.detail.drop();
    found.detail.begin();
    answered(found, found.detail, { range: { from: range.from, to: range.to }, points: found.points }, found.reader.signal);
  };

  /** Add the points of a live event, each group with its tick: an answer may have had some of them. */
  const addLive = (tick, additions) => {
    batch(() => additions.forEach((addition) => add(entry(addition.name), { tick, ...addition })));
  };

  const add = (found, { tick, x, time, y, reload }) => {
    // What nobody sees is not kept current; it is asked for when it comes into view. A mean takes no single points.
    const failed = found.stale && !found.fetching;
    const { x: kind, writers } = settings.peek();
    if (reload || failed || found.watchers === 0 || writers === "across") return outdate(found);
    const from = origin();
    const xs = { step: x, time, relative: time.map((at) => at - from) }[kind];
    found.whole.add({ tick, x: xs, y });
    found.detail.add({ tick, ...within(xs, y, zoom.range.peek()) });
    if (found.whole.appended > 2 * POINTS) outdate(found);
    if (found.detail.appended > 2 * POINTS) refine(found);
  };

  const outdate = (found) => {
    found.stale = true;
    found.refining = null;
    load(found);
  };

  /** Ask again for all that is seen, since events may have been missed. */
  const refetch = () => entries.forEach(outdate);

  const askAnew = (found) => {
    found.reader?.abort();
    found.detail.drop();
    Object.assign(found, { fetching: false, notBefore: 0 });
    outdate(found);
  };

  const askAllAnew = () => {
    reader.abort();
    reader = new AbortController();
    entries.forEach(askAnew);
  };

  const endAsking = effect(() => {
    if (query.value) untracked(askAllAnew);
  });

  const endZooming = effect(() => {
    const range = zoom.range.value;
    untracked(() => entries.forEach(range ? refine : unrefine));
  });

  const close = () => {
    endAsking();
    endZooming();
    breaks.close();
    reader.abort();
    for (const found of entries.values()) {
      found.reader?.abort();
      clearTimeout(found.timer);
    }
  };

  return { experiment, zoom, settings, entry, show, hide, addLive, refetch, close, breaks };
}

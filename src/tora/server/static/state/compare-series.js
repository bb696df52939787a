// The points behind the charts of a comparison: asked for when a chart is seen, a few metrics of all experiments in one
// request, the first charts first; finer ones for the part that the reader zoomed into.
import { ApiError, getSeries, isAborted } from "../api.js";
import { countedFrom, fromWire, spliced } from "../columns.js";
import { batch, computed, effect, signal, untracked } from "../lib.js";
import { chartSettings } from "./chart-settings.js";

const NAMES_AT_ONCE = 4;
const REQUESTS_AT_ONCE = 2;
const GATHER = 15;
const TRY_AGAIN_AFTER = 3000;
const KEPT_UNSEEN = 60;
const POINTS = { most: 600, least: 100, inAll: 6000 };

/**
 * `hasMetric(id, name)` says whether an experiment has a metric, so that nobody asks for what is not there; `originOf(id)`
 * the moment, Unix seconds, that its relative times count from; `zoom` is shared by the charts.
 */
export function createCompareSeries({ hasMetric, originOf, zoom }) {
  const entries = new Map();
  const unseen = new Set();
  // Another zoom gives up the finer points that are under way, another axis all.
  const readers = { known: new AbortController(), refined: new AbortController() };
  let ids = [];
  let running = 0;
  let timer = null;

  /** `drawn` is a signal of `{x, lines}`, a Map of id to columns, null before the first answer; `error` what went wrong. */
  const entry = (name) => {
    if (!entries.has(name)) entries.set(name, newEntry(name));
    return entries.get(name);
  };

  const show = (name) => {
    const found = entry(name);
    found.watchers += 1;
    unseen.delete(found);
    later();
  };

  /** What nobody sees stays for a while, in case that they scroll back. */
  const hide = (name) => {
    const found = entry(name);
    found.watchers -= 1;
    if (found.watchers > 0) return;
    unseen.add(found);
    if (unseen.size > KEPT_UNSEEN) forget(unseen.values().next().value);
  };

  const forget = (found) => {
    unseen.delete(found);
    found.known.clear();
    found.refined.clear();
    found.whole.value = found.detail.value = null;
  };

  /** Which experiments are wanted from now on. */
  const want = (wanted) => {
    ids = wanted;
    later();
  };

  /** Forget what is known of some metrics of an experiment, since it has more points now. */
  const outdate = (id, names) => {
    for (const name of names) {
      entries.get(name)?.known.delete(id);
      entries.get(name)?.refined.delete(id);
    }
    later();
  };

  const later = () => {
    timer ??= setTimeout(pump, GATHER);
  };

  const pump = () => {
    timer = null;
    while (running < REQUESTS_AT_ONCE) {
      const next = nextQuestion("known", null) ?? nextQuestion("refined", zoom.on(x()));
      if (next === null) return;
      ask(next);
    }
  };

  const x = () => chartSettings.peek().x;

  /** What to ask next about whole series, or about a part of them: the same experiments for a few metrics. */
  const nextQuestion = (done, range) => {
    if (done === "refined" && range === null) return null;
    const now = performance.now();
    const due = [...entries.values()].filter(({ watchers, notBefore }) => watchers > 0 && notBefore <= now);
    const [first, ...others] = due.filter((found) => missing(found, done).length > 0);
    if (!first) return null;
    const wanted = missing(first, done);
    const same = others.filter((found) => missing(found, done).join() === wanted.join());
    // A range of relative time is another one on each experiment's clock.
    const together = range?.x === "relative" ? wanted.slice(0, 1) : wanted;
    return { done, range, wanted: together, found: [first, ...same.slice(0, NAMES_AT_ONCE - 1)] };
  };

  const missing = (found, done) => ids.filter((id) => !found[done].has(id) && hasMetric(id, found.name));

  const ask = async ({ done, range, wanted, found }) => {
    const { signal: stop } = readers[done];
    const kind = x();
    running += 1;
    found.forEach((each) => wanted.forEach((id) => each[done].add(id)));
    try {
      const offset = range && kind === "relative" ? originOf(wanted[0]) : 0;
      const bounds = range ? { from: range.from + offset, to: range.to + offset } : {};
      const names = found.map(({ name }) => name);
      const points = pointsFor(ids.length);
      const asked = { experiments: wanted, names, points, x: kind === "step" ? "step" : "time", ...bounds };
      const answers = await getSeries({ ...asked, signal: stop });
      if (stop.aborted) return;
      const lines = answers.map(({ name, experiment, columns }) => [name, experiment, columnsOf(experiment, columns, kind)]);
      batch(() => found.forEach((each) => take(each, lines, { kind, range })));
    } catch (error) {
      if (isAborted(error) || stop.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      found.forEach((each) => fail(each, done, wanted, error));
      setTimeout(later, TRY_AGAIN_AFTER);
    } finally {
      running -= 1;
      later();
    }
  };

  const columnsOf = (id, columns, kind) => countedFrom(fromWire(columns), kind === "relative" ? originOf(id) : 0);

  const askAnew = (...parts) => {
    for (const done of parts) {
      readers[done].abort();
      readers[done] = new AbortController();
    }
    for (const found of entries.values()) {
      found.refined.clear();
      found.detail.value = null;
      if (parts.includes("known")) found.known.clear();
    }
    later();
  };

  const axis = computed(() => chartSettings.value.x);
  const ends = [
    effect(() => axis.value && untracked(() => askAnew("known", "refined"))),
    effect(() => (zoom.range.value, untracked(() => askAnew("refined")))),
  ];

  const close = () => {
    ends.forEach((end) => end());
    Object.values(readers).forEach((reader) => reader.abort());
    clearTimeout(timer);
    entries.clear();
  };

  return { entry, show, hide, want, outdate, close };
}

function newEntry(name) {
  const [whole, detail] = [signal(null), signal(null)];
  const drawn = computed(() => whole.value && { x: whole.value.x, lines: withDetail(whole.value, detail.value) });
  return { name, whole, detail, drawn, error: signal(null), watchers: 0, known: new Set(), refined: new Set(), notBefore: 0 };
}

function withDetail({ x, lines }, detail) {
  if (detail === null || detail.x !== x) return lines;
  const finer = (id, columns) => (detail.lines.has(id) ? spliced(columns, detail.range, detail.lines.get(id)) : columns);
  return new Map([...lines].map(([id, columns]) => [id, finer(id, columns)]));
}

function take(entry, answered, { kind, range }) {
  const part = range ? entry.detail : entry.whole;
  const before = part.value?.x === kind ? part.value.lines : [];
  const lines = new Map(before);
  for (const [name, id, columns] of answered) if (name === entry.name) lines.set(id, columns);
  part.value = { x: kind, range, lines };
  entry.error.value = null;
}

function fail(entry, done, wanted, error) {
  wanted.forEach((id) => entry[done].delete(id));
  entry.notBefore = performance.now() + TRY_AGAIN_AFTER;
  entry.error.value = error;
}

/** Many lines in one chart need fewer points each. */
function pointsFor(experiments) {
  return Math.max(POINTS.least, Math.min(POINTS.most, Math.round(POINTS.inAll / Math.max(1, experiments))));
}

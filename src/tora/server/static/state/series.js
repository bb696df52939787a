// The points behind the charts of one experiment: asked for when seen, many names in one request,
// added to from live events, asked for anew when too many were added.
import { ApiError, getSeries, isAborted } from "../api.js";
import { fromWire, withPoints } from "../columns.js";
import { batch, signal } from "../lib.js";

const POINTS = 600;
const GATHER = 20;
const REFETCH_AFTER = 2000;

/** Make the store of one experiment's series; `close` ends it. */
export function createSeries(experiment) {
  const entries = new Map();
  const wanted = new Set();
  const reader = new AbortController();
  let timer = null;

  /** The entry of a metric: `view` is a signal of `{columns, nonFinite}`, null before the first answer. */
  const entry = (name) => {
    if (!entries.has(name)) entries.set(name, newEntry(name));
    return entries.get(name);
  };

  const show = (name) => {
    const found = entry(name);
    found.watchers += 1;
    if (found.stale) want(found);
  };

  const hide = (name) => {
    entry(name).watchers -= 1;
  };

  const want = (found) => {
    wanted.add(found);
    timer ??= setTimeout(request, GATHER);
  };

  const request = async () => {
    timer = null;
    const due = [...wanted].filter(({ fetching, notBefore }) => !fetching && notBefore <= performance.now());
    due.forEach((found) => wanted.delete(found));
    later();
    const seen = due.filter(({ watchers }) => watchers > 0);
    if (seen.length) await fetchAll(seen);
  };

  const later = () => {
    const waits = [...wanted].filter(({ fetching }) => !fetching).map(({ notBefore }) => notBefore);
    if (waits.length) timer ??= setTimeout(request, Math.max(GATHER, Math.min(...waits) - performance.now()));
  };

  const fetchAll = async (found) => {
    found.forEach(begin);
    try {
      const names = found.map(({ name }) => name);
      const answers = await getSeries({ experiments: [experiment], names, points: POINTS, signal: reader.signal });
      batch(() => answers.forEach((answer) => take(entry(answer.name), answer)));
    } catch (error) {
      if (isAborted(error)) return;
      if (!(error instanceof ApiError)) throw error;
      found.forEach((failed) => fail(failed, error));
    } finally {
      found.forEach((done) => {
        done.fetching = false;
      });
      later();
    }
  };

  /** Add the points of a live event; `tick` is what the event is current to. */
  const addLive = (tick, additions) => {
    batch(() => additions.forEach((addition) => add(entry(addition.name), { tick, ...addition })));
  };

  const add = (found, { tick, x, y, reload }) => {
    // What nobody sees is not kept current; it is asked for when it comes into view.
    const failed = found.stale && !found.fetching;
    if (reload || failed || found.watchers === 0) return outdate(found);
    if (found.fetching) found.meanwhile.push({ tick, x, y });
    append(found, { tick, x, y });
    if (found.appended > 2 * POINTS) outdate(found);
  };

  const outdate = (found) => {
    found.stale = true;
    if (found.watchers > 0) want(found);
  };

  /** Ask again for all that is seen, since events may have been missed. */
  const refetch = () => entries.forEach(outdate);

  const close = () => {
    reader.abort();
    clearTimeout(timer);
  };

  return { entry, show, hide, addLive, refetch, close };
}

function newEntry(name) {
  return {
    name,
    view: signal(null),
    error: signal(null),
    watchers: 0,
    stale: true,
    fetching: false,
    notBefore: 0,
    tick: 0,
    appended: 0,
    meanwhile: [],
  };
}

function begin(found) {
  Object.assign(found, { fetching: true, stale: false, meanwhile: [], notBefore: performance.now() + REFETCH_AFTER });
}

function take(found, { columns, nonFinite, tick }) {
  found.view.value = { columns: fromWire(columns), nonFinite };
  found.error.value = null;
  Object.assign(found, { tick, appended: 0 });
  found.meanwhile.forEach((points) => append(found, points));
  found.meanwhile = [];
}

function fail(found, error) {
  found.stale = true;
  found.error.value = error;
}

function append(found, { tick, x, y }) {
  // Before the first answer there is nothing to add to, and an answer of a later tick has these points.
  if (found.view.value === null || tick <= found.tick) return;
  const { columns, nonFinite } = found.view.value;
  const broken = y.filter((value) => !Number.isFinite(Number(value))).length;
  found.view.value = { columns: withPoints(columns, x, y), nonFinite: nonFinite + broken };
  found.appended += x.length;
}

// The small lines of the rows on the screen: asked for together, again when their metric has gone on.
import { ApiError, getSeries, isAborted } from "../api.js";
import { signal } from "../lib.js";
import { metricOf } from "../list-values.js";
import { debounced } from "../throttle.js";

const POINTS = 60;
const SCROLL_PAUSE = 80;

/** Make a store of lines; `close` ends its requests. */
export function createSparklines() {
  const entries = new Map();
  const reader = new AbortController();

  /** The signal of a line's points, null before they are known. */
  const line = (id, name) => entry(id, name).points;

  const entry = (id, name) => {
    const key = `${id} ${name}`;
    if (!entries.has(key)) entries.set(key, { points: signal(null), count: 0 });
    return entries.get(key);
  };

  const isDue = (item, name) => (metricOf(item, name)?.count ?? 0) !== entry(item.id, name).count;

  const ask = async (items, names) => {
    const due = items.filter((item) => names.some((name) => isDue(item, name)));
    if (due.length === 0 || reader.signal.aborted) return;
    // Noted before the answer, so that nobody asks for the same meanwhile.
    due.forEach((item) => names.forEach((name) => note(item, name)));
    try {
      const ids = due.map(({ id }) => id);
      const answers = await getSeries({ experiments: ids, names, points: POINTS, signal: reader.signal });
      answers.forEach(({ experiment, name, columns }) => {
        entry(experiment, name).points.value = columns;
      });
    } catch (error) {
      due.forEach((item) => names.forEach((name) => forget(item, name)));
      // A row without its line is no reason to disturb: the list itself says what is wrong, and it is asked for again.
      if (!isAborted(error) && !(error instanceof ApiError)) throw error;
    }
  };

  const note = (item, name) => {
    entry(item.id, name).count = metricOf(item, name)?.count ?? 0;
  };

  const forget = (item, name) => {
    entry(item.id, name).count = null;
  };

  const askLater = debounced(ask, SCROLL_PAUSE);
  let begun = false;

  /** Ask for what these rows show of these metrics and is not known: at once for the first rows, then once the scroll has paused. */
  const want = (items, names) => {
    if (begun) return askLater(items, names);
    begun = true;
    return ask(items, names);
  };

  return { line, want, close: () => reader.abort() };
}

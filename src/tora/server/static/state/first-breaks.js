// The first NaN or infinity of each metric of an experiment, found once.
import { ApiError, isAborted } from "../api.js";
import { fromWire } from "../columns.js";
import { firstBreak } from "../first-break.js";
import { signal } from "../lib.js";

/** Make what knows them; `of` answers a signal of `{x, value}`, null until `find` has found it; `x` is the step. */
export function createFirstBreaks(experiment, requests) {
  const found = new Map();
  const searched = new Set();
  const reader = new AbortController();

  const of = (name) => {
    if (!found.has(name)) found.set(name, signal(null));
    return found.get(name);
  };

  /** Look for it, given the metric's summary; points that come later are no reason to look again. */
  const find = async ({ name, count, firstStep, lastStep }) => {
    if (searched.has(name) || of(name).value !== null) return;
    searched.add(name);
    // Points without a step stand at their number.
    const [from, to] = [Math.min(firstStep ?? 0, 0), Math.max(lastStep ?? 0, count)];
    try {
      of(name).value = await firstBreak((range) => ask(name, range), from, to);
    } catch (error) {
      // The page says elsewhere that the server does not answer; the next view of the chart looks again.
      if (!isAborted(error) && !(error instanceof ApiError)) throw error;
    } finally {
      searched.delete(name);
    }
  };

  const ask = async (name, range) => {
    const answer = await requests.ask({ experiment, name, ...range, x: "step", signal: reader.signal });
    if (answer === null) return { total: 0, nonFinite: 0, columns: { x: [], last: [] } };
    return { ...answer, columns: fromWire(answer.columns) };
  };

  return { of, find, close: () => reader.abort() };
}

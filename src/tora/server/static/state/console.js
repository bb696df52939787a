// The console of one experiment: the last lines first, more as they are printed, earlier ones when they are wanted.
import { ApiError, getConsole, isAborted } from "../api.js";
import { blocksWith } from "../console-text.js";
import { batch, signal } from "../lib.js";

const AT_FIRST = 2000;
const AT_ONCE = 10000;
const NEWEST = 2 ** 53;

/** Open a console; `blocks` is null until it is known, `hasEarlier` says whether there is more before. */
export function openConsole(id) {
  const blocks = signal(null);
  const hasEarlier = signal(false);
  const error = signal(null);
  const reader = new AbortController();
  let first = NEWEST;
  let last = 0;

  const guarded = async (work) => {
    try {
      await work();
      error.value = null;
    } catch (failure) {
      if (isAborted(failure)) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    }
  };

  const ask = async (range) => (await getConsole(id, { ...range, signal: reader.signal })).items;

  const earlier = (limit = AT_ONCE) =>
    guarded(async () => {
      const lines = await ask({ before: first, limit });
      batch(() => {
        hasEarlier.value = lines.length === limit;
        blocks.value = [...blocksWith([], lines), ...(blocks.value ?? [])];
      });
      first = lines[0]?.number ?? first;
      last = Math.max(last, lines.at(-1)?.number ?? 0);
    });

  const later = () =>
    guarded(async () => {
      let lines;
      do {
        lines = await ask({ after: last, limit: AT_ONCE });
        if (lines.length === 0) return;
        first = Math.min(first, lines[0].number);
        last = lines.at(-1).number;
        blocks.value = blocksWith(blocks.value ?? [], lines);
      } while (lines.length === AT_ONCE);
    });

  /** Ask for what is new, or for the last lines where nothing is known yet. */
  const refresh = () => (blocks.peek() === null ? earlier(AT_FIRST) : later());

  return { blocks, hasEarlier, error, earlier, refresh, close: () => reader.abort() };
}

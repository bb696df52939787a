// The writers of an experiment in the order in which they are worth a look. Pure.

const AT_WORK = new Set(["running", "lost"]);

/** Return the writers with the stragglers first: those that have not ended, by their oldest sign of life. */
export function stragglersFirst(writers) {
  return [...writers].sort((a, b) => {
    const ended = Number(!AT_WORK.has(a.status)) - Number(!AT_WORK.has(b.status));
    return ended || Date.parse(a.lastSeen) - Date.parse(b.lastSeen) || (a.writer < b.writer ? -1 : 1);
  });
}

/** Return how many writers are in each status, as `[status, count]`, the most frequent first. */
export function statusCounts(writers) {
  const counts = new Map();
  writers.forEach(({ status }) => counts.set(status, (counts.get(status) ?? 0) + 1));
  return [...counts].sort(([a, some], [b, others]) => others - some || (a < b ? -1 : 1));
}

/** The newest sign of life of any writer; null where there is none. */
export function lastSign(writers) {
  const newest = Math.max(...writers.map(({ lastSeen }) => Date.parse(lastSeen)).filter(Number.isFinite));
  return Number.isFinite(newest) ? new Date(newest).toISOString() : null;
}

// One experiment: what is known of it, its metrics, its series, all kept current while it is looked at.
import { ApiError, changeExperiment, eventsUrl, getExperiment, getMetrics, getWriters, isAborted } from "../api.js";
import { batch, signal } from "../lib.js";
import { follow } from "../live.js";
import { isIncomplete, withPoints } from "../summaries.js";
import { throttled } from "../throttle.js";
import { createSeries } from "./series.js";
import { createWriterGroups } from "./writer-groups.js";

const RECOUNT_EVERY = 10000;
const RECOUNT_AT_MOST_EVERY = 1000;

/** Open an experiment; `close` ends every request and the stream. */
export function openExperiment(id) {
  const experiment = signal(null);
  const metrics = signal(null);
  const writers = signal([]);
  const error = signal(null);
  // Relative times count from the experiment's beginning.
  const origin = () => Date.parse(experiment.peek()?.createdAt ?? 0) / 1000;
  const title = () => experiment.value?.name ?? "";
  const { labels, settings } = createWriterGroups(writers);
  const series = { ...createSeries(id, { origin, settings }), title };
  const reader = new AbortController();
  let stream = null;
  const liveState = signal(null);

  const load = () =>
    guarded(async () => {
      const [found, summaries] = await Promise.all([getExperiment(id, reader.signal), getMetrics(id, reader.signal)]);
      batch(() => {
        takeExperiment(found);
        metrics.value = summaries;
        error.value = null;
      });
    });

  const recount = () =>
    guarded(async () => {
      metrics.value = await getMetrics(id, reader.signal);
    });

  const guarded = async (work) => {
    try {
      await work();
    } catch (failure) {
      if (isAborted(failure)) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    }
  };

  // Live points are counted in here; the server's own count sets right what was missed or came twice.
  const recountLater = throttled(recount, RECOUNT_EVERY);
  const recountNow = throttled(recount, RECOUNT_AT_MOST_EVERY);

  const takePoints = ({ tick, metrics: additions }) => {
    const known = metrics.value ?? [];
    batch(() => {
      metrics.value = withPoints(known, additions);
      series.addLive(tick, additions);
    });
    if (isIncomplete(known, additions)) recountNow();
    else recountLater();
  };

  const takeExperiment = (found) => {
    experiment.value = { ...experiment.value, ...found };
  };

  const catchUp = async () => {
    await load();
    series.refetch();
  };

  const loadWriters = async () => {
    try {
      writers.value = await getWriters(id, reader.signal);
    } catch (failure) {
      // Those that are known stay; when the server is away the stream says so.
      if (!isAborted(failure) && !(failure instanceof ApiError)) throw failure;
    }
  };

  /** Change what `changes` names; throws an ApiError where the server refuses. */
  const change = async (changes) => takeExperiment(await changeExperiment(id, changes));

  /** Ask what the experiment is now; throws an ApiError. */
  const ask = async () => takeExperiment(await getExperiment(id, reader.signal));

  const start = async () => {
    await Promise.all([load(), loadWriters()]);
    if (reader.signal.aborted || error.value?.status === 404) return;
    stream = follow(eventsUrl(id), { on: { points: takePoints, experiment: takeExperiment }, catchUp });
    liveState.value = stream.state;
  };

  const close = () => {
    reader.abort();
    stream?.close();
    series.close();
    recountLater.cancel();
    recountNow.cancel();
  };

  start();
  return { id, experiment, metrics, writers, labels, error, series, liveState, loadWriters, change, ask, close };
}

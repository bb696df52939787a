// One experiment: what is known of it, its metrics, its series, all kept current while it is looked at.
import { ApiError, eventsUrl, getExperiment, getMetrics, isAborted } from "../api.js";
import { batch, signal } from "../lib.js";
import { follow } from "../live.js";
import { isIncomplete, withPoints } from "../summaries.js";
import { throttled } from "../throttle.js";
import { createSeries } from "./series.js";

const RECOUNT_EVERY = 10000;
const RECOUNT_AT_MOST_EVERY = 1000;

/** Open an experiment; `close` ends every request and the stream. */
export function openExperiment(id) {
  const experiment = signal(null);
  const metrics = signal(null);
  const error = signal(null);
  const series = createSeries(id);
  const reader = new AbortController();
  let stream = null;
  const liveState = signal(null);

  const load = () =>
    guarded(async () => {
      const [found, summaries] = await Promise.all([getExperiment(id, reader.signal), getMetrics(id, reader.signal)]);
      batch(() => {
        experiment.value = found;
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

  const start = async () => {
    await load();
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
  return { id, experiment, metrics, error, series, liveState, close };
}

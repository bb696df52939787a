// What keeps a page current: server-sent events, polling where they do not come, rest where nobody looks.
import { OVERVIEW_URL } from "./api.js";
import { signal } from "./lib.js";

const POLL_EVERY = 3000;
const REFRESH_EVERY = 30000;
const TRY_EVENTS_AGAIN = 30000;
const REST_AFTER_HIDDEN = 10000;

/** Run `work` now and then while the tab is seen, never twice at once; returns what ends it. */
export function whileVisible(work, milliseconds = POLL_EVERY) {
  let timer = null;
  let ended = false;
  let running = false;
  const round = async () => {
    clearTimeout(timer);
    if (ended || running || document.hidden) return;
    running = true;
    try {
      await work();
    } finally {
      running = false;
      if (!ended) timer = setTimeout(round, milliseconds);
    }
  };
  const onVisibility = () => document.hidden || round();
  document.addEventListener("visibilitychange", onVisibility);
  timer = setTimeout(round, milliseconds);
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisibility);
  };
}

/**
 * Keep a list current: `take` gets `{changed, gone, reload}` as experiments change, `refresh` asks for all that is shown.
 * What comes of silence, as that a run was lost, is no event: it shows when all is asked for now and then.
 */
export function followOverview({ take, refresh }) {
  const stream = follow(OVERVIEW_URL, { on: { experiments: take }, catchUp: refresh });
  const end = whileVisible(refresh, REFRESH_EVERY);
  return () => {
    stream.close();
    end();
  };
}

/**
 * Follow a stream of server-sent events.
 *
 * `on` maps an event's name to what takes its data; `catchUp` asks for what may have been missed: it
 * runs after each reconnection, and again and again while events do not come.
 * Returns `{state, close}`, `state` being a signal: connecting, live, polling or resting.
 */
export function follow(url, { on, catchUp }) {
  const state = signal("connecting");
  let source = null;
  let opened = false;
  let endPolling = null;
  let timer = null;

  const open = () => {
    close();
    source = new EventSource(url);
    source.onopen = () => {
      stopPolling();
      if (opened) catchUp();
      opened = true;
      state.value = "live";
    };
    source.onerror = startPolling;
    for (const [name, take] of Object.entries(on)) {
      source.addEventListener(name, (event) => take(JSON.parse(event.data)));
    }
  };

  const close = () => {
    clearTimeout(timer);
    stopPolling();
    source?.close();
    source = null;
  };

  const startPolling = () => {
    state.value = "polling";
    endPolling ??= whileVisible(catchUp);
    // A refused stream is closed for good; a broken one the browser opens again by itself.
    if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, TRY_EVENTS_AGAIN);
  };

  const stopPolling = () => {
    endPolling?.();
    endPolling = null;
  };

  const rest = () => {
    close();
    state.value = "resting";
  };

  const onVisibility = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(rest, REST_AFTER_HIDDEN);
    else if (source === null) open();
  };

  document.addEventListener("visibilitychange", onVisibility);
  open();
  return {
    state,
    close: () => {
      document.removeEventListener("visibilitychange", onVisibility);
      close();
    },
  };
}

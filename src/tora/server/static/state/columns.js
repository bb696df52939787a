// What columns a list could have, as the server counts them.
import { ApiError, getColumns, isAborted } from "../api.js";
import { signal } from "../lib.js";
import { whileVisible } from "../live.js";

const EVERY = 15000;
const KEY = "tora.metrics";
const REMEMBERED = 40;

/** Make the choice of columns of a list: `found` is a signal, null before the first answer. */
export function createColumns({ workspace = null, mine = null } = {}) {
  const name = mine ? "mine" : workspace;
  // What was found last time, so that a list with the columns it has by itself need not wait for the answer.
  const found = signal(recalled(name));

  const refresh = async () => {
    try {
      const answer = await getColumns({ workspace, mine, archived: "all" });
      // The same object while nothing changed: what is made of it stays as well.
      if (JSON.stringify(answer) !== JSON.stringify(found.peek())) take(answer);
    } catch (error) {
      if (isAborted(error)) return;
      if (!(error instanceof ApiError)) throw error;
      // The list says that the server does not answer; its rows can be shown without a choice of columns.
      found.value ??= { params: [], metrics: [], tags: [] };
    }
  };

  const take = (answer) => {
    found.value = answer;
    remember(name, answer.metrics.slice(0, REMEMBERED));
  };

  const keepCurrent = () => {
    refresh();
    return whileVisible(refresh, EVERY);
  };
  return { found, refresh, keepCurrent };
}

function recalled(list) {
  try {
    const metrics = JSON.parse(localStorage.getItem(keyOf(list)));
    return Array.isArray(metrics) ? { params: [], metrics, tags: [] } : null;
  } catch {
    return null;
  }
}

function remember(list, metrics) {
  try {
    localStorage.setItem(keyOf(list), JSON.stringify(metrics));
  } catch {
    // Storage is switched off: the next visit waits for the answer.
  }
}

function keyOf(list) {
  return list === null ? KEY : `${KEY}.${list}`;
}

// Questions for series, asked by many charts of perhaps many experiments, put together into few requests.
import { getSeries } from "../api.js";

const GATHER = 20;

/**
 * Make what gathers questions. `ask({experiment, name, signal, ...query})` promises the series of one metric, null where it has no
 * points; `query` is what `getSeries` takes. Asked `by` a label, it is the first one, with all of them as `groups`. A request is
 * given up when nobody wants any of its answers.
 */
export function createRequests() {
  let waiting = [];
  let timer = null;

  const ask = (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      timer ??= setTimeout(send, GATHER);
    });

  const send = () => {
    timer = null;
    const gathered = waiting;
    waiting = [];
    for (const together of grouped(gathered)) request(together);
  };

  return { ask };
}

/** The requests of all pages. */
export const sharedRequests = createRequests();

/** Return lists of questions that one request answers: the same query about the same experiments. */
function grouped(waiting) {
  const byQuery = Map.groupBy(waiting, ({ question: { experiment, name, signal, ...query } }) => JSON.stringify(query));
  return [...byQuery.values()].flatMap((same) => {
    const byName = Map.groupBy(same, ({ question }) => question.name);
    const owners = (questions) => questions.map(({ question }) => question.experiment).sort().join();
    return [...Map.groupBy([...byName.values()], owners).values()].map((lists) => lists.flat());
  });
}

async function request(together) {
  const wanted = together.filter(({ question }) => !question.signal?.aborted);
  const { experiment, name, signal, ...query } = together[0].question;
  const experiments = [...new Set(wanted.map(({ question }) => question.experiment))];
  const names = [...new Set(wanted.map(({ question }) => question.name))];
  if (names.length === 0) return refuse(together);
  try {
    const answers = await getSeries({ experiments, names, ...query, signal: whenAll(wanted) });
    const places = Map.groupBy(answers, placeOf);
    together.forEach(({ question, resolve }) => resolve(answerTo(question, places.get(placeOf(question)))));
  } catch (error) {
    together.forEach(({ reject }) => reject(error));
  }
}

function answerTo({ by }, found) {
  if (!found) return null;
  const nonFinite = found.reduce((sum, each) => sum + each.nonFinite, 0);
  return by ? { ...found[0], nonFinite, groups: found } : found[0];
}

function refuse(together) {
  together.forEach(({ reject }) => reject(new DOMException("Nobody wants it any more.", "AbortError")));
}

function placeOf({ experiment, name }) {
  return `${experiment}/${name}`;
}

/** A signal that aborts once all askers have; one that cannot be aborted keeps the request alive. */
function whenAll(questions) {
  const signals = [...new Set(questions.map(({ question }) => question.signal))];
  if (signals.includes(undefined)) return undefined;
  const stop = new AbortController();
  const check = () => signals.every(({ aborted }) => aborted) && stop.abort();
  signals.forEach((signal) => signal.addEventListener("abort", check, { once: true }));
  check();
  return stop.signal;
}

// The server's answers, out of their envelope; an error says what happened and what to do.

// Names and ids share an address, half of it each.
const LONGEST_QUERY = 3400;
const LONGEST_KEY = 12;

export class ApiError extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }
}

/** Whether a promise ended because its reader no longer wanted it. */
export function isAborted(error) {
  return error.name === "AbortError";
}

let leadToSignIn = () => false;

/** Have `lead` called when the server asks who is there; true says that the page is being left, and nothing is answered. */
export function whenUnknown(lead) {
  leadToSignIn = lead;
}

/** Ask for what is at a path; `params` are pairs, of which empty ones are left out. */
export async function get(path, { params = [], signal } = {}) {
  const query = new URLSearchParams(params.filter(([, value]) => (value ?? "") !== ""));
  const target = query.size ? `${path}?${query}` : path;
  return unwrap(`GET ${path}`, await answer(target, { signal }));
}

/** Send a change; with `entering` a 401 is the answer to what was sent, and leads nowhere. */
export async function send(method, path, { body, keepalive = false, entering = false } = {}) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const response = await answer(path, { method, body: JSON.stringify(body), keepalive, headers });
  return unwrap(`${method} ${path}`, response, entering);
}

async function answer(target, { headers = {}, ...request }) {
  try {
    return await fetch(target, { ...request, headers: { accept: "application/json", ...headers } });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError(`The server at ${location.host} does not answer. If it has ended, "tora ui" starts it again.`);
  }
}

async function unwrap(asked, response, entering = false) {
  if (response.status === 401 && !entering && leadToSignIn()) return new Promise(() => {});
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null && "data" in body) return body.data;
  const message = body?.error?.message ?? `${asked} was answered with status ${response.status}.`;
  throw new ApiError(message, { status: response.status, code: body?.error?.code });
}

/** `{version, protocol, mode}` of the server. */
export function getHealth() {
  return get("/health");
}

/**
 * One page of experiments: `{items, next, total}`. `metrics` narrows the summaries that items carry, `ids` the
 * experiments; `filter` is an expression.
 */
export function listExperiments({ metrics = [], ids = [], signal, ...asked } = {}) {
  const { q, filter, tag, status, archived, sort, workspace = null, mine = null, cursor = null, limit = 50 } = asked;
  const plain = Object.entries({ q, filter, tag, status, archived, sort, workspace, mine, cursor, limit });
  const repeated = [...metrics.map((name) => ["metric", name]), ...ids.map((id) => ["id", id])];
  return get("/experiments", { params: [...plain, ...repeated], signal });
}

/** What columns a list could have: `{params, metrics, tags}`, `{name, count}` each, most frequent first. */
export function getColumns({ workspace = null, mine = null, archived = null, signal } = {}) {
  return get("/columns", { params: Object.entries({ workspace, mine, archived }), signal });
}

/** Change what `changes` names of an experiment; returns it as it is then. */
export function changeExperiment(id, changes) {
  return send("PATCH", `/experiments/${encodeURIComponent(id)}`, { body: changes });
}

/** Delete an experiment and its points; `leaving` lets the request outlive the page. */
export function deleteExperiment(id, { leaving = false } = {}) {
  return send("DELETE", `/experiments/${encodeURIComponent(id)}`, { keepalive: leaving });
}

export function getExperiment(id, signal) {
  return get(`/experiments/${encodeURIComponent(id)}`, { signal });
}

/** The summary of each metric of an experiment. */
export function getMetrics(id, signal) {
  return get(`/experiments/${encodeURIComponent(id)}/metrics`, { signal });
}

/** Printed lines `{number, writer, time, stream, text}` as `{items, next}`: after a number, or the last ones before one. */
export function getConsole(id, { after = null, before = null, limit, signal }) {
  return get(`/experiments/${encodeURIComponent(id)}/console`, { params: Object.entries({ after, before, limit }), signal });
}

/** Who writes to an experiment: `{writer, status, firstSeen, lastSeen, through, labels}` each. */
export function getWriters(id, signal) {
  return get(`/experiments/${encodeURIComponent(id)}/writers`, { signal });
}

/** Where it is told which experiments are new, changed or gone. */
export const OVERVIEW_URL = "/events";

/** Where an experiment's events are sent from. */
export function eventsUrl(id) {
  return `/experiments/${encodeURIComponent(id)}/events`;
}

/**
 * Several series at once, in as many requests as the length of an address demands. Each carries the tick
 * that it is current to, so that live points are told from those that it holds. `x` is "step" or "time", `from` and `to`
 * bound it, `across` is "writers" for one series over all of them, or, with `by`, for one of each value of that label.
 */
export async function getSeries({ experiments, names, points, signal, ...range }) {
  const { x = null, from = null, to = null, across = null, by = null } = range;
  const common = [["points", points], ...Object.entries({ x, from, to, across, by })];
  const requests = chunks(experiments).flatMap((ids) =>
    chunks(names).map((some) => {
      const series = [...ids.map((id) => ["experiment", id]), ...some.map((name) => ["name", name])];
      return get("/series", { params: [...common, ...series], signal });
    }),
  );
  const answers = await Promise.all(requests);
  return answers.flatMap(({ series, tick }) => series.map((each) => ({ ...each, tick })));
}

/** Where every point of a metric is downloaded from, for spreadsheets: no name is taken for a formula there. */
export function exportUrl(id, name) {
  const query = new URLSearchParams({ format: "csv", spreadsheet: "true", name });
  return `/experiments/${encodeURIComponent(id)}/export?${query}`;
}

function chunks(names) {
  const parts = [[]];
  let length = 0;
  for (const name of names) {
    const more = encodeURIComponent(name).length + LONGEST_KEY;
    if (length + more > LONGEST_QUERY && parts.at(-1).length) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1).push(name);
    length += more;
  }
  return parts;
}

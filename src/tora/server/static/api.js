// The server's answers, out of their envelope; an error says what happened and what to do.

const LONGEST_QUERY = 6000;

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

async function get(path, { params = [], signal } = {}) {
  const query = new URLSearchParams(params.filter(([, value]) => value !== null && value !== ""));
  const target = query.size ? `${path}?${query}` : path;
  return unwrap(target, await answer(target, signal));
}

async function answer(target, signal) {
  try {
    return await fetch(target, { headers: { accept: "application/json" }, signal });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError(`The server at ${location.host} does not answer. If it has ended, "tora ui" starts it again.`);
  }
}

async function unwrap(target, response) {
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null && "data" in body) return body.data;
  const message = body?.error?.message ?? `GET ${target.split("?")[0]} was answered with status ${response.status}.`;
  throw new ApiError(message, { status: response.status, code: body?.error?.code });
}

/** `{version, protocol, mode}` of the server. */
export function getHealth() {
  return get("/health");
}

/** One page of experiments, newest first: `{items, next}`. */
export function listExperiments({ q = "", workspace = null, cursor = null, limit = 50, signal } = {}) {
  const params = [["q", q], ["workspace", workspace], ["cursor", cursor], ["limit", limit]];
  return get("/experiments", { params, signal });
}

export function getExperiment(id, signal) {
  return get(`/experiments/${encodeURIComponent(id)}`, { signal });
}

/** The summary of each metric of an experiment. */
export function getMetrics(id, signal) {
  return get(`/experiments/${encodeURIComponent(id)}/metrics`, { signal });
}

/** Where an experiment's events are sent from. */
export function eventsUrl(id) {
  return `/experiments/${encodeURIComponent(id)}/events`;
}

/**
 * Several series at once, in as many requests as the length of an address demands. Each carries the tick
 * that it is current to, so that live points are told from those that it holds.
 */
export async function getSeries({ experiments, names, points, signal }) {
  const common = [...experiments.map((id) => ["experiment", id]), ["points", points]];
  const requests = chunks(names).map((some) =>
    get("/series", { params: [...common, ...some.map((name) => ["name", name])], signal }),
  );
  const answers = await Promise.all(requests);
  return answers.flatMap(({ series, tick }) => series.map((each) => ({ ...each, tick })));
}

function chunks(names) {
  const parts = [[]];
  let length = 0;
  for (const name of names) {
    const more = encodeURIComponent(name).length + 6;
    if (length + more > LONGEST_QUERY && parts.at(-1).length) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1).push(name);
    length += more;
  }
  return parts;
}

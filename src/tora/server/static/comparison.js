// What a comparison's address says, and how it is said. Pure.

export const MOST = 100;

const SHOWS = ["charts", "differences", "relations"];
const BANDS = ["range", "deviation"];

/** Return the state of the view that a query holds; what it does not hold is as at first. */
export function readComparison(query) {
  const ids = [...new Set(listOf(query, "ids"))];
  return {
    ids: ids.slice(0, MOST),
    beyond: ids.length - Math.min(ids.length, MOST),
    show: oneOf(SHOWS, query.get("show")),
    group: query.get("group") ?? "",
    band: oneOf(BANDS, query.get("band")),
    hidden: new Set(listOf(query, "hidden")),
    text: query.get("q") ?? "",
    reference: query.get("reference"),
    all: query.get("all") === "yes",
    rows: query.has("row") ? query.getAll("row").filter(Boolean) : null,
    axes: query.has("axis") ? query.getAll("axis").filter(Boolean) : null,
    brushes: new Map(query.getAll("brush").map(brushOf).filter(Boolean)),
    x: query.get("x"),
    y: query.get("y"),
    logX: choiceOf(query.get("logx")),
    logY: choiceOf(query.get("logy")),
  };
}

/** The text of one brush in an address: the bounds, then the dimension, which may hold any letter. */
export function brushText(dimension, [from, to]) {
  return `${from},${to},${dimension}`;
}

/** Return the query with some values changed; a list is repeated, and what is null or empty goes. */
export function withChanges(query, changes) {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    // A list that is chosen to be empty is told from one that nobody chose.
    const values = Array.isArray(value) ? (value.length ? value : [""]) : [value].filter(Boolean);
    values.forEach((each) => next.append(name, each));
  }
  return next;
}

function brushOf(text) {
  const [, from, to, dimension] = /^([^,]*),([^,]*),(.+)$/s.exec(text) ?? [];
  const bounds = [from, to].map(Number);
  return dimension && bounds.every(Number.isFinite) ? [dimension, bounds] : null;
}

/** Yes and no are choices; without one it is null. */
function choiceOf(text) {
  return text === "yes" || (text === "no" ? false : null);
}

function listOf(query, name) {
  return query.getAll(name).flatMap((text) => text.split(",")).map((id) => id.trim()).filter(Boolean);
}

function oneOf(known, value) {
  return known.includes(value) ? value : known[0];
}

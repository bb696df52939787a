// What a list shows and how, as the query of an address carries it. Pure.

const BY_ITSELF = { q: "", filter: "", tag: "", status: "", archived: "no", sort: "-created" };
const ARCHIVED = ["no", "yes", "all"];

/** Return the view that a query describes; `columns` is null where it names none. */
export function readView(query) {
  const view = Object.fromEntries(Object.entries(BY_ITSELF).map(([name, usual]) => [name, query.get(name) || usual]));
  if (!ARCHIVED.includes(view.archived)) view.archived = "no";
  const columns = query.getAll("column");
  return { ...view, q: view.q.trim(), filter: view.filter.trim(), columns: columns.length ? columns : null };
}

/** Return the query of a view: what is as it is by itself goes without saying. */
export function writeView(view) {
  const said = Object.entries(BY_ITSELF).filter(([name, usual]) => view[name] && view[name] !== usual);
  const columns = (view.columns ?? []).map((column) => ["column", column]);
  return new URLSearchParams([...said.map(([name]) => [name, view[name]]), ...columns]);
}

/** Return `{name, text}` of each condition that keeps experiments out of the list. */
export function conditionsOf(view) {
  const texts = {
    q: `“${view.q}” in the name or a tag`,
    filter: view.filter,
    tag: `tag “${view.tag}”`,
    status: `status ${view.status}`,
    archived: view.archived === "yes" ? "archived" : "",
  };
  return Object.entries(texts)
    .filter(([name, text]) => text && view[name] !== BY_ITSELF[name])
    .map(([name, text]) => ({ name, text }));
}

/** Return the view without its conditions; columns and order stay. */
export function withoutConditions(view) {
  return { ...view, q: "", filter: "", tag: "", status: "", archived: "no" };
}

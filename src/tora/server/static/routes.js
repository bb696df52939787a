// Which address shows which page. Pure.

const ROUTES = [
  [/^\/$/, "experiments"],
  [/^\/e\/([^/]+)\/?$/, "experiment"],
  [/^\/mine\/?$/, "mine"],
  [/^\/w\/([^/]+)\/?$/, "workspace"],
  [/^\/w\/([^/]+)\/settings\/?$/, "workspace-settings"],
  [/^\/compare\/?$/, "compare"],
  [/^\/settings\/?$/, "settings"],
  [/^\/login\/?$/, "login"],
  [/^\/welcome\/?$/, "welcome"],
  [/^\/join\/?$/, "join"],
  [/^\/shared\/?$/, "shared"],
];

/** Return `{view, id}` of a path; the view is null where there is no such page. */
export function match(path) {
  for (const [pattern, view] of ROUTES) {
    const found = pattern.exec(path);
    if (found) return { view, id: decoded(found[1]) };
  }
  return { view: null, id: null };
}

function decoded(part) {
  try {
    return part === undefined ? null : decodeURIComponent(part);
  } catch {
    return part;
  }
}

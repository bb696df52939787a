// An entry of the audit log as people read it. Pure.

/** What else there is to know of an entry: "scope: read, workspace: none". */
export function detailsOf(details) {
  return Object.entries(details)
    .map(([name, value]) => `${name}: ${written(value)}`)
    .join(", ");
}

function written(value) {
  if (value === null || value === "") return "none";
  if (Array.isArray(value)) return value.join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

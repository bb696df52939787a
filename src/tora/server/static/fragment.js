// What a link carries behind its "#", which browsers send to nobody. Pure.

/** Return `{token, to}` of a fragment, empty where it names none. */
export function readFragment(hash) {
  const named = new URLSearchParams(hash.replace(/^#/, ""));
  return { token: named.get("token") ?? "", to: named.get("to") ?? "" };
}

// Where a page may lead on to by itself: a place of this server, whatever an address asks for. Pure.

const HERE = "http://here.invalid";

/** Return the path, query and fragment that `text` names on this server; "/" for anything that could lead elsewhere. */
export function safePath(text) {
  // Browsers read a backslash as a slash, and drop control characters, before they see where an address leads.
  if (!/^\/(?![/\\])/.test(text ?? "") || /[\u0000-\u0020\u007f\\]/.test(text)) return "/";
  const url = URL.canParse(text, HERE) ? new URL(text, HERE) : null;
  if (url?.origin !== HERE || url.pathname.startsWith("//") || url.pathname === "/login") return "/";
  return url.pathname + url.search + url.hash;
}

/** The address of the page to sign in on, which leads back to `path`. */
export function signInAddress(path) {
  const next = safePath(path);
  return next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`;
}

// A text that one person edits while others may change it. Pure.

/**
 * Return what stands between a draft and saving it: `base` is the text that the edit began with, `current` what is
 * stored by now. "same": nothing to save; "free": save; "changed": somebody else changed it meanwhile.
 */
export function standing({ draft, base, current }) {
  if (draft === current) return "same";
  return current === base ? "free" : "changed";
}

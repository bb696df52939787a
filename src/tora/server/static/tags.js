// Tags as people type them. Pure.

/** Return the tags with those of a typed text, commas between them; each tag once, in order. */
export function withTyped(tags, text) {
  const typed = text.split(",").map((tag) => tag.trim()).filter(Boolean);
  return [...new Set([...tags, ...typed])];
}

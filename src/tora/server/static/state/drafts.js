// Texts that were begun and not saved: kept by this browser until they are saved or discarded.
import { signal } from "../lib.js";

const KEY = "tora.draft";

// Counts changes, so that who shows whether there is a draft looks again.
const changes = signal(0);
const held = new Map();

/** `{text, base}` of a field of an experiment, `base` being what the edit began with; null where there is none. */
export function draftOf(id, field) {
  changes.value;
  const key = `${KEY}.${id}.${field}`;
  if (held.has(key)) return held.get(key);
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

/** Keep a draft; null lets it go. */
export function keepDraft(id, field, draft) {
  const key = `${KEY}.${id}.${field}`;
  held.set(key, draft);
  try {
    if (draft === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // Storage is switched off or full: it holds until the page is left.
  }
  changes.value += 1;
}

// Which groups of charts are folded away; this browser remembers it for all experiments.
import { signal } from "../lib.js";

const KEY = "tora.folded";
// What the machine did is seldom what a reader came for.
const AT_FIRST = ["system"];

export const folded = signal(new Set(remembered()));

export function setFolded(prefix, isFolded) {
  if (folded.value.has(prefix) === isFolded) return;
  const next = new Set(folded.value);
  if (isFolded) next.add(prefix);
  else next.delete(prefix);
  folded.value = next;
  try {
    localStorage.setItem(KEY, JSON.stringify([...next]));
  } catch {
    // Storage is switched off: it holds until the page is left.
  }
}

function remembered() {
  try {
    const prefixes = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(prefixes) ? prefixes : AT_FIRST;
  } catch {
    return AT_FIRST;
  }
}

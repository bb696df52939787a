// Experiments that are about to be deleted: every list leaves them out while that can still be undone.
import { signal } from "../lib.js";

export const hidden = signal(new Set());

/** Hide experiments, or show them again. */
export function hide(ids, isHidden = true) {
  const next = new Set(hidden.peek());
  ids.forEach((id) => (isHidden ? next.add(id) : next.delete(id)));
  hidden.value = next;
}

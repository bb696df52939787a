// Messages that stand for some seconds; what can be undone is undone from them, and what waits for
// their end happens when the time is over or the page is left.
import { signal } from "../lib.js";

const STAYS_FOR = 8000;

export const toasts = signal([]);

let nextId = 0;

/**
 * Say `text`. `onUndo` adds a button; `onEnd({leaving})` runs once when the time is over, the message is
 * dismissed, or the page is left, but not after an undo.
 */
export function say(text, { problem = false, onUndo = null, onEnd = null } = {}) {
  const toast = { id: (nextId += 1), text, problem, onUndo, onEnd, timer: null };
  toasts.value = [...toasts.peek(), toast];
  start(toast);
  return toast;
}

export function dismiss(toast) {
  if (take(toast)) toast.onEnd?.({ leaving: false });
}

export function undo(toast) {
  if (take(toast)) toast.onUndo();
}

/** Undo what can be undone and came last; false where there is nothing. */
export function undoLast() {
  const last = toasts.peek().findLast(({ onUndo }) => onUndo);
  if (!last) return false;
  undo(last);
  return true;
}

/** Dismiss all of them; answers once what waited for their end is done. */
export function endAll() {
  return Promise.all(toasts.peek().map((toast) => take(toast) && toast.onEnd?.({ leaving: false })));
}

/** Stop the clock of all messages: someone reads or reaches for them. */
export function holdAll() {
  toasts.peek().forEach(({ timer }) => clearTimeout(timer));
}

/** Start the clock of all messages again. */
export function letGo() {
  toasts.peek().forEach(start);
}

function start(toast) {
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => dismiss(toast), STAYS_FOR);
}

function take(toast) {
  if (!toasts.peek().includes(toast)) return false;
  clearTimeout(toast.timer);
  toasts.value = toasts.peek().filter((other) => other !== toast);
  return true;
}

addEventListener("pagehide", () => {
  for (const toast of toasts.peek()) if (take(toast)) toast.onEnd?.({ leaving: true });
});

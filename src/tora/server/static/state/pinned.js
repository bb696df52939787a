// Which metrics are pinned: remembered by this browser for all experiments of one name.
import { signal } from "../lib.js";

const KEY = "tora.pinned";
const NAMES = 200;
const NONE = new Set();

// Pairs of a name and its metrics, the name that was changed last at the end.
const pins = signal(new Map(remembered()));

/** The pinned metrics of experiments of a name. */
export function pinnedOf(name) {
  return pins.value.get(name) ?? NONE;
}

/** Pin a metric, or let it go. */
export function togglePinned(name, metric) {
  const chosen = new Set(pins.value.get(name));
  if (!chosen.delete(metric)) chosen.add(metric);
  const next = new Map(pins.value);
  next.delete(name);
  if (chosen.size) next.set(name, chosen);
  pins.value = new Map([...next].slice(-NAMES));
  try {
    localStorage.setItem(KEY, JSON.stringify([...pins.value].map(([each, metrics]) => [each, [...metrics]])));
  } catch {
    // Storage is switched off: it holds until the page is left.
  }
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)).map(([name, metrics]) => [name, new Set(metrics)]);
  } catch {
    return [];
  }
}

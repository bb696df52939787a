// How the charts of all pages are drawn; this browser remembers it.
import { signal } from "../lib.js";

const KEY = "tora.charts";
export const MOST_SMOOTHING = 0.999;

const isBoolean = (value) => typeof value === "boolean";
const among = (...known) => (value) => known.includes(value);

/** Of each setting: its value at first, and what it may be. */
const KNOWN = {
  x: ["step", among("step", "time", "relative")],
  logX: [false, isBoolean],
  logY: [false, isBoolean],
  smoothing: [0, (value) => typeof value === "number" && value >= 0 && value <= MOST_SMOOTHING],
  band: [true, isBoolean],
  writers: ["one", among("one", "across")],
  by: ["", (value) => typeof value === "string" && value.length <= 50],
};

/** `{x, logX, logY, smoothing, band, writers, by}`; `writers` is "one" line, or "across" them, `by` a label of theirs or "". */
export const chartSettings = signal(remembered());

export function setChart(name, value) {
  if (chartSettings.value[name] === value || !KNOWN[name][1](value)) return;
  chartSettings.value = { ...chartSettings.value, [name]: value };
  try {
    localStorage.setItem(KEY, JSON.stringify(chartSettings.value));
  } catch {
    // Storage is switched off: it holds until the page is left.
  }
}

function remembered() {
  const found = stored();
  const valid = (name) => (KNOWN[name][1](found[name]) ? found[name] : KNOWN[name][0]);
  return Object.fromEntries(Object.keys(KNOWN).map((name) => [name, valid(name)]));
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

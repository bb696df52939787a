// What is written along an axis of time: spans as "1h 20m", moments as the clock tells them. Pure.

const SECOND = 1;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** The distances that ticks of a span may have, in seconds: those that people count in. */
export const SPAN_STEPS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((days) => days * DAY),
];

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const month = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const fraction = new Intl.DateTimeFormat("en-GB", { minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** So many seconds as their two largest units: "1h 20m", "45s", "0.25s". */
export function spanLabel(seconds) {
  if (seconds < 0) return `−${spanLabel(-seconds)}`;
  if (seconds < MINUTE) return `${Number(seconds.toFixed(seconds < 10 ? 3 : 1))}s`;
  const rounded = Math.round(seconds);
  const parts = [
    [Math.floor(rounded / DAY), "d"],
    [Math.floor((rounded % DAY) / HOUR), "h"],
    [Math.floor((rounded % HOUR) / MINUTE), "m"],
    [rounded % MINUTE, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts.slice(first, first + 2).filter(([amount]) => amount > 0).map((part) => part.join("")).join(" ");
}

/** The labels of ticks at moments, Unix seconds, `step` apart; the day stands under the first one and where it changes. */
export function clockLabels(ticks, step) {
  let shown = null;
  return ticks.map((tick) => {
    if (step >= DAY) return (step >= 28 * DAY ? month : day).format(tick * 1000);
    const today = day.format(tick * 1000);
    const label = clockOf(step).format(tick * 1000);
    if (today === shown) return label;
    shown = today;
    return `${label}\n${today}`;
  });
}

function clockOf(step) {
  if (step >= MINUTE) return minute;
  return step >= SECOND ? second : fraction;
}

/** A moment, Unix seconds, in full. */
export function momentLabel(seconds) {
  return Number.isFinite(seconds) ? whole.format(seconds * 1000) : "";
}

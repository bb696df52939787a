// Where a value stands on an axis that numbers, words or nothing may stand on. Pure.
//
// A place is 0 at the axis's start and 1 at its end; null is for what is missing or no finite number.
import { canonical } from "./dimensions.js";
import { number, parameter } from "./format.js";

const LOG_FROM = 100;
const TICKS = 5;
const WORDS_SHOWN = 12;

/**
 * Return the axis that some values stand on: `{kind: "linear" | "log" | "words", low, high, words}`. `log` is true or
 * false by choice; left out, it is chosen where all numbers are positive and the largest is far from the smallest.
 */
export function axisOf(values, { log = null } = {}) {
  const present = values.filter((value) => value !== undefined && value !== null);
  if (present.some((value) => typeof value !== "number")) return { kind: "words", words: wordsOf(present) };
  const numbers = present.filter(Number.isFinite);
  const wide = log ?? (numbers.length > 1 && Math.min(...numbers) > 0 && spread(numbers) >= LOG_FROM);
  const usable = wide ? numbers.filter((value) => value > 0) : numbers;
  const [low, high] = widened(Math.min(...usable), Math.max(...usable), wide);
  return { kind: wide ? "log" : "linear", low, high };
}

/** Return where a value stands, null where it has no place. */
export function placeOf(axis, value) {
  if (axis.kind === "words") return placeOfWord(axis.words, value);
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  if (axis.kind === "linear") return (value - axis.low) / (axis.high - axis.low);
  return value > 0 ? Math.log(value / axis.low) / Math.log(axis.high / axis.low) : null;
}

/** Return the number at a place; of words, the index of the nearest one. */
export function valueAt(axis, place) {
  const { kind, low, high, words } = axis;
  if (kind === "words") return Math.min(words.length - 1, Math.max(0, Math.floor(place * words.length)));
  return kind === "linear" ? low + place * (high - low) : low * (high / low) ** place;
}

/** Return `{place, text}` of what is written beside the axis. */
export function ticksOf(axis, wanted = TICKS) {
  if (axis.kind === "words") return wordTicks(axis.words);
  const values = axis.kind === "linear" ? roundSteps(axis.low, axis.high, wanted) : decades(axis.low, axis.high, wanted);
  return values.map((value) => ({ place: placeOf(axis, value), text: number(value, 3) }));
}

/** The index of a word on an axis of words, -1 where it is none. */
export function wordIndex(axis, value) {
  if (value === undefined || value === null) return -1;
  const wanted = canonical(value);
  return axis.words.findIndex(({ key }) => key === wanted);
}

function wordsOf(values) {
  const words = new Map(values.map((value) => [canonical(value), value]));
  return [...words]
    .map(([key, value]) => ({ key, value, text: typeof value === "number" ? number(value) : parameter(value) }))
    .sort((a, b) => a.text.localeCompare(b.text, "en", { numeric: true }));
}

function placeOfWord(words, value) {
  const index = wordIndex({ words }, value);
  return index < 0 ? null : (index + 0.5) / words.length;
}

function wordTicks(words) {
  const every = Math.ceil(words.length / WORDS_SHOWN);
  const ticks = words.map(({ text }, index) => ({ place: (index + 0.5) / words.length, text }));
  return ticks.filter((_, index) => index % every === 0);
}

function spread(numbers) {
  return Math.max(...numbers) / Math.min(...numbers);
}

function widened(low, high, log) {
  if (!Number.isFinite(low)) return log ? [1, 10] : [0, 1];
  if (low < high) return [low, high];
  if (log) return [low / 2, high * 2];
  const room = Math.abs(low) / 10 || 1;
  return [low - room, high + room];
}

function roundSteps(low, high, wanted) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiples of the step and not sums of it, which would drift; the digits beyond the step are noise.
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function decades(low, high, wanted) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const count = last - first + 1;
  if (count < 2) return [low, high];
  const every = Math.ceil(count / wanted);
  return Array.from({ length: count }, (_, index) => 10 ** (first + index)).filter((_, index) => index % every === 0);
}

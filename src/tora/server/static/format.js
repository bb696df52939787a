// Values as people read them. Pure: the same input gives the same text.

const DASH = "–";
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const calendarDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const wholeInstant = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/** A metric's value with so many significant digits; JSON's stand-ins for NaN and infinities are understood. */
export function number(value, digits = 4) {
  if (value === null || value === undefined) return DASH;
  const double = Number(value);
  if (Number.isNaN(double)) return "NaN";
  if (!Number.isFinite(double)) return double > 0 ? "∞" : "−∞";
  return signed(double, magnitude(Math.abs(double), digits));
}

function signed(double, text) {
  return double < 0 ? `−${text}` : text;
}

function magnitude(double, digits) {
  if (double === 0) return "0";
  if (Number.isInteger(double) && double < 1e9) return grouped.format(double);
  if (double < 1e-4 || double >= 1e6) return scientific(double, digits);
  return withoutTrailingZeros(double.toPrecision(Math.max(digits, Math.floor(Math.log10(double)) + 1)));
}

function scientific(double, digits) {
  const [mantissa, exponent] = double.toExponential(digits - 1).split("e");
  return `${withoutTrailingZeros(mantissa)}e${Number(exponent)}`;
}

function withoutTrailingZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** How many: 12,345. */
export function count(value) {
  return grouped.format(value);
}

/** "1 point", "2 points". */
export function counted(value, noun) {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** How long ago an instant was, "just now" to a calendar day. */
export function relative(instant, now) {
  const age = now - Date.parse(instant);
  if (Number.isNaN(age)) return DASH;
  if (age < 5 * SECOND) return "just now";
  if (age < 30 * DAY) return `${largestUnit(age)} ago`;
  return calendarDay.format(Date.parse(instant));
}

function largestUnit(milliseconds) {
  if (milliseconds < MINUTE) return `${Math.floor(milliseconds / SECOND)} s`;
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`;
  if (milliseconds < DAY) return `${Math.floor(milliseconds / HOUR)} h`;
  return `${Math.floor(milliseconds / DAY)} d`;
}

/** The instant in full, in the reader's zone. */
export function exact(instant) {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? "" : wholeInstant.format(time);
}

/** A span as its two largest units: "1 h 12 min". */
export function duration(milliseconds) {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return DASH;
  if (milliseconds < SECOND) return "under 1 s";
  const parts = [
    [Math.floor(milliseconds / DAY), "d"],
    [Math.floor((milliseconds % DAY) / HOUR), "h"],
    [Math.floor((milliseconds % HOUR) / MINUTE), "min"],
    [Math.floor((milliseconds % MINUTE) / SECOND), "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** A hyperparameter: strings as they are, everything else as JSON writes it. */
export function parameter(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

import { count, counted, duration, exact, number, parameter, relative } from "/static/format.js";
import { equal, test } from "./harness.js";

test("numbers are cut to significant digits, without zeros that say nothing", () => {
  const values = [0, 1, -1, 0.1, 0.123456, 12.5, 1234.5678, 12345.678, 1e-5, 1.5e-10, 2.5e7, 1234567, 0.0001];
  const texts = ["0", "1", "−1", "0.1", "0.1235", "12.5", "1235", "12346", "1e-5", "1.5e-10", "25,000,000", "1,234,567", "0.0001"];
  equal(values.map((value) => number(value)), texts);
});

test("what is no number is said, and nothing is a dash", () => {
  equal(["NaN", "Infinity", "-Infinity", NaN, null, undefined].map((value) => number(value)), ["NaN", "∞", "−∞", "NaN", "–", "–"]);
});

test("the largest double and the smallest have a text", () => {
  equal([number(1.7976931348623157e308), number(5e-324), number(-1e300)], ["1.798e308", "4.941e-324", "−1e300"]);
});

test("counts are grouped and agree with their noun", () => {
  equal([count(1234567), counted(1, "point"), counted(0, "point"), counted(2000, "point")], ["1,234,567", "1 point", "0 points", "2,000 points"]);
});

test("relative times go from now to a calendar day, and a clock that runs ahead is now", () => {
  const now = Date.parse("2026-05-20T12:00:00Z");
  const ago = (seconds) => relative(new Date(now - seconds * 1000).toISOString(), now);
  equal([ago(-30), ago(2), ago(42), ago(125), ago(7300), ago(3 * 86400)], ["just now", "just now", "42 s ago", "2 min ago", "2 h ago", "3 d ago"]);
  equal(ago(60 * 86400), "21 Mar 2026");
  equal(relative("nonsense", now), "–");
});

test("an exact time names year and zone, and nonsense gives nothing", () => {
  equal([/2026/.test(exact("2026-05-20T12:00:00Z")), exact("nonsense")], [true, ""]);
});

test("durations have at most two units", () => {
  const texts = [0, 5e3, 65e3, 3600e3, 3660e3, 90061e3, -1, NaN].map(duration);
  equal(texts, ["under 1 s", "5 s", "1 min 5 s", "1 h", "1 h 1 min", "1 d 1 h", "–", "–"]);
});

test("hyperparameters show strings as they are and the rest as JSON", () => {
  equal(["adam", 0.1, true, null, [1, "a"]].map(parameter), ["adam", "0.1", "true", "null", '[1,"a"]']);
});

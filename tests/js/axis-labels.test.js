import { clockLabels, momentLabel, spanLabel } from "/static/axis-labels.js";
import { equal, test } from "./harness.js";

test("spans are said in their two largest units", () => {
  const said = [0, 0.25, 12.5, 59.94, 60, 90, 4800, 7200, 90000, 86400 * 12].map(spanLabel);
  equal(said, ["0s", "0.25s", "12.5s", "59.9s", "1m", "1m 30s", "1h 20m", "2h", "1d 1h", "12d"]);
});

test("a span before the origin has its sign", () => {
  equal(spanLabel(-90), "−1m 30s");
});

test("moments say the clock, and the day where it is new", () => {
  const noon = new Date(2026, 2, 5, 12, 0).getTime() / 1000;
  const labels = clockLabels([noon, noon + 3600, noon + 12 * 3600], 3600);
  equal(labels, ["12:00\n5 Mar", "13:00", "00:00\n6 Mar"]);
});

test("ticks a day or a month apart say days or months, those below a minute seconds", () => {
  const day = new Date(2026, 2, 5).getTime() / 1000;
  equal(clockLabels([day], 86400), ["5 Mar"]);
  equal(clockLabels([day], 31 * 86400), ["Mar 2026"]);
  equal(clockLabels([day + 1], 1), ["00:00:01\n5 Mar"]);
});

test("a moment in full names its year; what is none is empty", () => {
  equal([momentLabel(new Date(2026, 2, 5, 1, 2, 3).getTime() / 1000).includes("2026"), momentLabel(NaN)], [true, ""]);
});

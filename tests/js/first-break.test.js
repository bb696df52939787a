import { firstBreak } from "/static/first-break.js";
import { equal, test } from "./harness.js";

/** Answer ranges of a series as the server does: every point, or buckets of which the last value is told. */
function server(values) {
  const asked = [];
  const ask = async ({ from, to, points }) => {
    asked.push([from, to]);
    const inside = values.map((y, x) => ({ x, y })).filter(({ x }) => x >= from && x <= to);
    const nonFinite = inside.filter(({ y }) => !Number.isFinite(y)).length;
    const size = inside.length <= points ? 1 : inside.length / points;
    const told = inside.filter((_, index) => Math.floor((index + 1) / size) > Math.floor(index / size) || index === inside.length - 1);
    return { total: inside.length, nonFinite, columns: { x: told.map(({ x }) => x), last: told.map(({ y }) => y) } };
  };
  return { ask, asked };
}

const flat = (length, broken) => Array.from({ length }, (_, step) => broken[step] ?? 1);

test("a short series is asked for once", async () => {
  const { ask, asked } = server(flat(1000, { 812: NaN, 900: Infinity }));
  equal(await firstBreak(ask, 0, 999), { x: 812, value: NaN });
  equal(asked.length, 1);
});

test("a break that no bucket tells is found exactly", async () => {
  const { ask, asked } = server(flat(100_000, { 70_001: -Infinity }));
  equal(await firstBreak(ask, 0, 99_999), { x: 70_001, value: -Infinity });
  equal(asked.length < 40, true);
});

test("an early break is not passed over for a later one that a bucket tells", async () => {
  const broken = { 31: NaN };
  for (let step = 50_000; step < 60_000; step += 1) broken[step] = Infinity;
  equal(await firstBreak(server(flat(100_000, broken)).ask, 0, 99_999), { x: 31, value: NaN });
});

test("the usual case, no number from some step on, takes three questions", async () => {
  const broken = {};
  for (let step = 40_123; step < 100_000; step += 1) broken[step] = NaN;
  const { ask, asked } = server(flat(100_000, broken));
  equal(await firstBreak(ask, 0, 99_999), { x: 40_123, value: NaN });
  equal(asked.length, 3);
});

test("where all are numbers there is none", async () => {
  equal(await firstBreak(server(flat(10, {})).ask, 0, 9), null);
});

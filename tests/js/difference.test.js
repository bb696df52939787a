import { differenceRows } from "/static/difference.js";
import { equal, test } from "./harness.js";

const experiment = (id, params, tags, loss) => ({
  id,
  tags,
  hyperparams: Object.entries(params).map(([key, value]) => ({ key, value })),
  metrics: [{ name: "loss", last: loss, min: loss, max: loss }],
});
const TWO = [
  experiment("a", { lr: 0.1, seed: 1, model: { w: 1, d: 2 } }, ["base", "x"], 0.5),
  experiment("b", { lr: 0.2, model: { d: 2, w: 1 } }, ["base"], 0.25),
];

test("only what differs is shown: other values, missing ones, tags that not all have", () => {
  const rows = differenceRows(TWO);
  equal(rows.map(({ kind, label }) => [kind, label]), [["param", "lr"], ["param", "seed"], ["tag", "x"]]);
  equal(rows.map(({ cells }) => cells.map(({ text }) => text)), [["0.1", "0.2"], ["1", null], ["yes", null]]);
});

test("cells are marked that differ from the reference, the first by itself", () => {
  const marks = (options) => differenceRows(TWO, options).map(({ cells }) => cells.map(({ differs }) => differs));
  equal(marks()[0], [false, true]);
  equal(marks({ reference: "b" })[0], [true, false]);
  equal(marks({ reference: "gone" })[0], [false, true]);
});

test("all rows can be asked for, and chosen metrics stand first with their lowest and highest", () => {
  const rows = differenceRows(TWO, { all: true, metrics: ["metric:loss:min", "nonsense"] });
  equal(rows.map(({ label }) => label), ["loss (min)", "lr", "model", "seed", "base", "x"]);
  equal(rows[0].cells.map(({ text, mark }) => [text, mark]), [["0.5", "highest"], ["0.25", "lowest"]]);
  equal(rows[2].differs, false);
});

test("a metric that is the same everywhere stays, without marks", () => {
  const rows = differenceRows([TWO[0], TWO[0]], { metrics: ["metric:loss:last"] });
  equal(rows.map(({ cells }) => cells.map(({ mark }) => mark)), [[null, null]]);
});

test("nothing to compare gives no rows", () => {
  equal([differenceRows([]), differenceRows([TWO[0]])], [[], []]);
});

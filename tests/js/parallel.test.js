import { axesAtFirst, axesOf, brushed, linesOf, moved } from "/static/parallel.js";
import { equal, test } from "./harness.js";

const experiment = (id, params, loss) => ({
  id,
  hyperparams: Object.entries(params).map(([key, value]) => ({ key, value })),
  metrics: loss === undefined ? [] : [{ name: "val/loss", last: loss, min: loss, max: loss }],
});

const EXPERIMENTS = [
  experiment("a", { lr: 0.0001, opt: "sgd", seed: 1 }, 0.5),
  experiment("b", { lr: 0.01, opt: "adam", seed: 1 }, 0.25),
  experiment("c", { lr: 1, seed: 1 }, "NaN"),
];
const AXES = ["param:lr", "param:opt", "metric:val/loss:last"];

test("the first axes are what differs and the metric to judge by", () => {
  equal(axesAtFirst(EXPERIMENTS), AXES);
  equal(axesAtFirst([]), []);
});

test("an axis is made for each dimension once, and what is none is left out", () => {
  const axes = axesOf(EXPERIMENTS, ["param:lr", "nonsense", "param:lr", "param:opt"]);
  equal(axes.map(({ axis }) => axis.kind), ["log", "words"]);
});

test("a line has a place on each axis, null where the value is missing or NaN", () => {
  equal(linesOf(EXPERIMENTS, axesOf(EXPERIMENTS, AXES)), [[0, 0.75, 1], [0.5, 0.25, 0], [1, null, null]]);
});

test("every brush must hold an experiment, and none holds what is missing", () => {
  const axes = axesOf(EXPERIMENTS, AXES);
  const through = (...brushes) => brushed(EXPERIMENTS, axes, new Map(brushes));
  equal(through(), null);
  equal(through(["param:gone", [0, 1]]), null);
  equal([...through(["param:lr", [0.005, 2]])], ["b", "c"]);
  equal([...through(["param:lr", [0.005, 2]], ["param:opt", [0, 1]])], ["b"]);
  equal([...through(["metric:val/loss:last", [-100, 100]])], ["a", "b"]);
});

test("an axis moves by so many places and never out of the row", () => {
  equal([moved(["a", "b", "c"], "a", 1), moved(["a", "b", "c"], "c", -9), moved(["a", "b"], "b", 5)], [
    ["b", "a", "c"],
    ["c", "a", "b"],
    ["a", "b"],
  ]);
});

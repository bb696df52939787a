import { dimensionOf } from "/static/dimensions.js";
import { inset, scattered } from "/static/scatter.js";
import { equal, test } from "./harness.js";

const experiment = (id, lr, loss) => ({
  id,
  hyperparams: lr === undefined ? [] : [{ key: "lr", value: lr }],
  metrics: [{ name: "loss", last: loss, min: loss, max: loss }],
});
const [LR, LOSS] = [dimensionOf("param:lr"), dimensionOf("metric:loss:min")];

test("points stand by their two values, from left to right, the largest on top", () => {
  const { points, missing } = scattered([experiment("b", 2, 1), experiment("a", 1, 5)], LR, LOSS);
  equal(points.map(({ id, left, top }) => [id, left, top]), [["a", inset(0), inset(0)], ["b", inset(1), inset(1)]]);
  equal(missing, []);
});

test("what lacks a value is named and not drawn", () => {
  const { points, missing } = scattered([experiment("a", 1, 1), experiment("b", undefined, 1), experiment("c", 2, "NaN")], LR, LOSS);
  equal([points.map(({ id }) => id), missing], [["a"], ["b", "c"]]);
});

test("a log axis has no place for zero", () => {
  const { points, missing, x } = scattered([experiment("a", 0, 1), experiment("b", 1, 1), experiment("c", 10, 2)], LR, LOSS, { logX: true, logY: false });
  equal([points.map(({ id }) => id), missing, x.kind], [["b", "c"], ["a"], "log"]);
});

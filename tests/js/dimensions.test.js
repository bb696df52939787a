import { canonical, dimensionOf, metricNames, paramNames, valueOf } from "/static/dimensions.js";
import { equal, test } from "./harness.js";

const experiment = {
  hyperparams: [{ key: "lr", value: 0.1 }, { key: "a:b", value: null }],
  metrics: [{ name: "val/loss:x", last: "NaN", min: null, max: 3 }],
};

test("a dimension's text names a hyperparameter or a metric's summary, whatever letters the name has", () => {
  equal(dimensionOf("param:a:b").name, "a:b");
  equal([dimensionOf("metric:val/loss:x:min").name, dimensionOf("metric:val/loss:x:min").stat], ["val/loss:x", "min"]);
  equal([null, undefined, "", "param:", "lr", "metric:loss", "metric:loss:mean", "tag:x"].map(dimensionOf), Array(8).fill(null));
});

test("a value is told from none, and the names of NaN and infinities are numbers", () => {
  const values = ["param:lr", "param:a:b", "param:no", "metric:val/loss:x:last", "metric:val/loss:x:min", "metric:no:max"];
  equal(values.map((text) => valueOf(experiment, dimensionOf(text))), [0.1, null, undefined, NaN, undefined, undefined]);
});

test("names are gathered over all experiments, each once and in order", () => {
  equal(paramNames([experiment, { hyperparams: [{ key: "lr", value: 1 }, { key: "layer10", value: 1 }] }]), ["a:b", "layer10", "lr"]);
  equal(metricNames([experiment, experiment, {}]), ["val/loss:x"]);
});

test("the same data is the same text in any order of keys", () => {
  equal(canonical({ a: 1, b: { d: 2, c: 3 } }), canonical({ b: { c: 3, d: 2 }, a: 1 }));
  equal([canonical(NaN), canonical([2, 1]) === canonical([1, 2]), canonical("1") === canonical(1)], ["NaN", false, false]);
});

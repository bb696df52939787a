import { metricOf, parameterOf, statisticOf } from "/static/list-values.js";
import { equal, test } from "./harness.js";

const experiment = { metrics: [{ name: "loss", last: 1, min: 0.5, max: null }], hyperparams: [{ key: "lr", value: 0 }] };

test("what an experiment has is found, and what it lacks is undefined", () => {
  equal([metricOf(experiment, "loss").last, metricOf(experiment, "acc")], [1, undefined]);
  equal([statisticOf(experiment, { name: "loss", statistic: "min" }), statisticOf(experiment, { name: "acc", statistic: "min" })], [0.5, undefined]);
  equal([parameterOf(experiment, "lr"), parameterOf(experiment, "wd")], [0, undefined]);
});

import { directionOf, gridOf, metricsOf, moved, nextSort, ownColumns, parseColumn, parseColumns, sortOf, titleOf } from "/static/list-columns.js";
import { equal, test } from "./harness.js";

test("a metric's name may hold colons, and what is no column is none", () => {
  equal(parseColumn("metric:a:b:max"), { key: "metric:a:b:max", kind: "metric", name: "a:b", statistic: "max" });
  equal(parseColumn("param:lr"), { key: "param:lr", kind: "param", name: "lr", statistic: null });
  equal(["nonsense", "metric:loss", "metric:loss:median", "metric::last", "param:", "spark", ""].map(parseColumn), Array(7).fill(null));
});

test("columns stand once, in their order", () => {
  equal(parseColumns(["name", "nonsense", "status", "name"]).map(({ key }) => key), ["name", "status"]);
});

test("a list has columns by itself: what runs are judged by, the first of it as a line too", () => {
  const metrics = ["gpu", "loss", "accuracy"].map((name) => ({ name, count: 3 }));
  equal(ownColumns(metrics), ["status", "name", "tags", "spark:accuracy", "metric:accuracy:last", "metric:loss:last", "created", "duration"]);
  equal(ownColumns([]), ["status", "name", "tags", "created", "duration"]);
});

test("each metric is asked for once", () => {
  equal(metricsOf(parseColumns(["metric:loss:min", "metric:loss:max", "spark:acc", "param:lr", "name"])), ["loss", "acc"]);
});

test("titles say the statistic, but not where it is the last value", () => {
  equal(parseColumns(["metric:loss:last", "metric:loss:min", "spark:loss", "status"]).map(titleOf), ["loss", "loss, min", "loss, as a line", "Status"]);
});

test("a click sorts in the usual direction, another one turns it", () => {
  equal([nextSort("-created", "created"), nextSort("created", "created"), nextSort("name", "created"), nextSort("-created", "name")], ["created", "-created", "-created", "name"]);
  equal([directionOf("-name", "name"), directionOf("name", "name"), directionOf("name", "created"), directionOf("name", null)], ["descending", "ascending", null, null]);
  equal(parseColumns(["tags", "spark:a", "param:lr"]).map(sortOf), [null, null, "param:lr"]);
});

test("the grid has a track for each column and is never narrower than they need", () => {
  const { template, width } = gridOf(parseColumns(["status", "name"]), 40);
  equal([template.startsWith("40px minmax("), template.split(" minmax(").length, width > 40 + 200], [true, 3, true]);
});

test("a column moves as far as there is room", () => {
  const keys = ["a", "b", "c"];
  equal([moved(keys, "c", -1), moved(keys, "a", -1), moved(keys, "a", 5)], [["a", "c", "b"], keys, ["b", "c", "a"]]);
});

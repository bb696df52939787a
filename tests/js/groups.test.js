import { filterByName, groupByPrefix, inOrder, prefixOf } from "/static/groups.js";
import { equal, test } from "./harness.js";

const named = (...names) => names.map((name) => ({ name }));

test("metrics are gathered by what stands before the first slash, in order of name", () => {
  const groups = groupByPrefix(named("val/loss", "train/loss/a", "train/acc", "loss"));
  equal(groups.map(({ prefix, metrics }) => [prefix, metrics.map(({ name }) => name)]), [
    ["", ["loss"]],
    ["train", ["train/acc", "train/loss/a"]],
    ["val", ["val/loss"]],
  ]);
});

test("numbers in names are ordered as numbers, and the machine's metrics come last", () => {
  const groups = groupByPrefix(named("system/gpu", "train/layer10", "train/layer2", "val/x"));
  equal(groups.map(({ prefix }) => prefix), ["train", "val", "system"]);
  equal(groups[0].metrics, named("train/layer2", "train/layer10"));
});

test("metrics on their own have the order of the groups", () => {
  equal(inOrder(named("system/a", "val/b", "c")), named("c", "val/b", "system/a"));
});

test("a slash at the beginning makes no group", () => {
  equal(["/loss", "a/", "a", "/"].map(prefixOf), ["", "a", "", ""]);
});

test("a search looks at letters of any case, and an empty one finds all", () => {
  const metrics = named("train/Loss", "val/acc");
  equal([filterByName(metrics, " LOSS "), filterByName(metrics, "  ")], [named("train/Loss"), metrics]);
});

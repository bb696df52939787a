import { PINNED, filterByName, groupByPrefix, headline, prefixOf, withPinned } from "/static/groups.js";
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

test("where there is room for a few, what runs are judged by comes first", () => {
  const metrics = named("system/gpu", "lr", "val/Accuracy", "train/loss", "steps");
  equal(headline(metrics, 3), named("train/loss", "val/Accuracy", "lr"));
  equal(headline(metrics, 9), named("train/loss", "val/Accuracy", "lr", "steps", "system/gpu"));
});

test("a slash at the beginning makes no group", () => {
  equal(["/loss", "a/", "a", "/"].map(prefixOf), ["", "a", "", ""]);
});

test("a search looks at letters of any case, and an empty one finds all", () => {
  const metrics = named("train/Loss", "val/acc");
  equal([filterByName(metrics, " LOSS "), filterByName(metrics, "  ")], [named("train/Loss"), metrics]);
});

test("pinned metrics stand in a group of their own before all, and in no other", () => {
  const metrics = named("val/loss", "train/loss", "train/acc");
  equal(withPinned(metrics, new Set(["val/loss", "train/loss"])), [
    { prefix: PINNED, metrics: named("train/loss", "val/loss") },
    { prefix: "train", metrics: named("train/acc") },
  ]);
  equal(withPinned(metrics, new Set(["gone"])), groupByPrefix(metrics));
});

import { packagesWith, rowsOf } from "/static/context-rows.js";
import { equal, test } from "./harness.js";

test("what is known has a row, in a reader's order, and what else was told follows", () => {
  const context = { gpus: ["A", "B", "A"], host: "h", memoryBytes: 2 ** 34, team: { lead: "x" }, git: {}, command: "c" };
  equal(rowsOf(context), [
    { label: "Host", value: "h" },
    { label: "Memory", value: "16.0 GiB" },
    { label: "GPUs", value: "2 × A, B" },
    { label: "team", value: '{"lead":"x"}' },
  ]);
  equal(rowsOf({ python: "odd", gpus: {} }), [{ label: "GPUs", value: "{}" }]);
});

test("packages are found by name and version", () => {
  const context = { packages: { torch: "2.13.0", numpy: "2.2.1" } };
  equal(packagesWith(context, " TORCH "), [["torch", "2.13.0"]]);
  equal(packagesWith(context, "2.").length, 2);
  equal(packagesWith({}, ""), []);
});

import { fileName } from "/static/file-name.js";
import { equal, test } from "./harness.js";

test("what no system takes becomes a dash", () => {
  equal([fileName("train/loss"), fileName("../=cmd|' /C"), fileName("損失"), fileName("a".repeat(300)).length], ["train-loss", "cmd-C", "chart", 80]);
});

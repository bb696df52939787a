import { searchFor } from "/static/metric-search.js";
import { equal, test } from "./harness.js";

const NAMES = ["train/Loss", "val/loss", "val/acc (top-1)", "layer10/w"];
const found = (text) => NAMES.filter(searchFor(text).finds);

test("an empty text finds all", () => equal(found("  "), NAMES));

test("a text is a regular expression for letters of any case", () => {
  equal([found("^val"), found("LOSS$"), found("layer\\d+")], [NAMES.slice(1, 3), NAMES.slice(0, 2), NAMES.slice(3)]);
});

test("a text that is in a name finds it, whatever it means as an expression", () => {
  equal(found("acc (top-1)"), ["val/acc (top-1)"]);
});

test("what is no expression says why and is taken as plain text", () => {
  const { finds, problem } = searchFor("acc (");
  equal([NAMES.filter(finds), problem], [["val/acc (top-1)"], "Unterminated group"]);
});

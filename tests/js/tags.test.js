import { withTyped } from "/static/tags.js";
import { equal, test } from "./harness.js";

test("typed tags come after those that are there, each once", () => {
  equal(withTyped(["a", "b"], " c d, b,, e "), ["a", "b", "c d", "e"]);
});

test("nothing typed changes nothing", () => equal(withTyped(["a"], " , "), ["a"]));

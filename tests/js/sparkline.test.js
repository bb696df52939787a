import { sparkPath } from "/static/sparkline.js";
import { equal, test } from "./harness.js";

const SIZE = { width: 104, height: 24 };
const path = (last, x = last.map((_, index) => index)) => sparkPath({ x, last }, SIZE);

test("the line spans its box", () => {
  equal(path([0, 1, 0.5]), "M2 22L52 2L102 12");
});

test("x counts, not the order of the points alone", () => {
  equal(path([0, 1, 1], [0, 3, 4]), "M2 22L77 2L102 2");
});

test("what is not finite breaks the line, and a point alone is a dash", () => {
  equal(path([0, "NaN", 1, 0]), "M2 22L2 22M68.7 2L102 22");
  equal(path(["NaN", "Infinity"]), "");
  equal(path([]), "");
});

test("a constant is drawn in the middle, and the largest doubles stay inside", () => {
  equal(path([3, 3]), "M2 12L102 12");
  equal(path([-1.7e308, 1.7e308]), "M2 22L102 2");
});

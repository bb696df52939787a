import { scrollTo, windowOf } from "/static/window.js";
import { equal, test } from "./harness.js";

test("the rows on the screen are in the window, and few more", () => {
  const { first, end } = windowOf({ top: 4000, height: 400, row: 40, total: 10000 });
  equal([first <= 100, end >= 110, end - first < 50], [true, true, true]);
});

test("the window ends where the list does", () => {
  equal(windowOf({ top: 0, height: 400, row: 40, total: 3 }), { first: 0, end: 3 });
  equal(windowOf({ top: 99999, height: 400, row: 40, total: 3 }), { first: 3, end: 3 });
  equal(windowOf({ top: -50, height: 400, row: 40, total: 0 }), { first: 0, end: 0 });
});

test("a few pixels change nothing", () => {
  const at = (top) => windowOf({ top, height: 395, row: 40, total: 1000 });
  equal(at(4000), at(4003));
});

test("a row is scrolled to no further than needed", () => {
  const view = { height: 400, row: 40, head: 40 };
  equal([scrollTo({ index: 5, top: 0, ...view }), scrollTo({ index: 5, top: 300, ...view }), scrollTo({ index: 20, top: 0, ...view })], [0, 200, 480]);
});

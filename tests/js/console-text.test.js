import { blocksWith, plain, textOf } from "/static/console-text.js";
import { equal, test } from "./harness.js";

const lines = (...texts) => texts.map((text, index) => ({ number: index + 1, stream: text.startsWith("!") ? "stderr" : "stdout", text }));

test("what steers a terminal is no text", () => {
  equal(plain("\u001b[1;31mred\u001b[0m and\u001b[2K\tplain"), "red and\tplain");
  equal(plain("\u001b]8;;http://elsewhere.invalid/\u0007link\u001b]8;;\u001b\\"), "link");
  equal(plain("\u001b]0;a title that never ends"), "");
  equal(plain("a\u0000b\u0008c\u009bd\u007f \u001b(B\u001b"), "abcd ");
  equal(plain("<b>&amp; \ufffd"), "<b>&amp; \ufffd");
});

test("consecutive lines of one stream are one piece", () => {
  const [block] = blocksWith([], lines("a", "b", "!c", "d"));
  equal(block.pieces, [{ stream: "stdout", text: "a\nb" }, { stream: "stderr", text: "!c" }, { stream: "stdout", text: "d" }]);
  equal(textOf([block]), "a\nb\n!c\nd");
});

test("a block that is full is not made anew", () => {
  const many = Array.from({ length: 1200 }, (_, index) => ({ number: index + 1, stream: "stdout", text: String(index) }));
  const before = blocksWith([], many.slice(0, 700));
  const after = blocksWith(before, many.slice(700));
  equal(before.map(({ size }) => size), [500, 200]);
  equal(after.map(({ size }) => size), [500, 500, 200]);
  equal(after[0] === before[0], true);
  equal(after[1].key, before[1].key);
  equal(textOf(after), many.map(({ text }) => text).join("\n"));
});

import { shortNames } from "/static/short-names.js";
import { equal, test } from "./harness.js";

const short = (names, room) => [...shortNames(names.map((name, index) => ({ id: `${index}abcdef`, name })), room).values()];

test("names with room stay as they are", () => {
  equal(short(["one", "two"], 10), ["one", "two"]);
});

test("what all share gives way, and what differs stays", () => {
  const names = [1, 2, 3].map((seed) => `a very long experiment name of a sweep, seed ${seed}, with more after it`);
  const cut = short(names, 20);
  equal(new Set(cut).size, 3);
  equal(cut.every((text, index) => text.includes(`seed ${index + 1}`) && text.length <= 22), true);
});

test("names that would look the same keep as much as tells them apart", () => {
  const names = ["ab", "cd"].flatMap((start) => ["x", "y"].map((middle) => `${start}${"-".repeat(30)}${middle}${"-".repeat(30)}end`));
  equal(new Set(short(names, 12)).size, 4);
});

test("experiments of one name are told apart by their ids", () => {
  equal(short(["same", "same", "other"]), ["same #0abc", "same #1abc", "other"]);
});

test("letters of several code points are not torn apart", () => {
  const family = "👨‍👩‍👧";
  equal(short([family.repeat(50)], 9)[0], `${family.repeat(4)}…${family.repeat(4)}`);
});

import { combined, groupsOf } from "/static/grouping.js";
import { equal, test } from "./harness.js";

const experiment = (id, value, tags = []) => ({ id, tags, hyperparams: value === undefined ? [] : [{ key: "lr", value }] });
const line = (x, last) => ({ x, last, min: last, max: last, count: x.map(() => 1) });

test("experiments of one value make a group, numbers in their order, those without a value last", () => {
  const groups = groupsOf([experiment("a"), experiment("b", 10), experiment("c", 9), experiment("d", 10)], "param:lr");
  equal(groups.map(({ label, members }) => [label, members]), [["lr = 9", ["c"]], ["lr = 10", ["b", "d"]], ["no lr", ["a"]]]);
});

test("by tag an experiment is in the group of each of its tags", () => {
  const groups = groupsOf([experiment("a", 1, ["x", "y"]), experiment("b", 1, ["x"]), experiment("c", 1)], "tag");
  equal(groups.map(({ label, members }) => [label, members]), [["x", ["a", "b"]], ["y", ["a"]], ["no tag", ["c"]]]);
});

test("a string is not the number that it looks like", () => {
  equal(groupsOf([experiment("a", 1), experiment("b", "1")], "param:lr").length, 2);
});

test("the mean at each common x counts the interpolated value of those whose range holds it", () => {
  const { x, last, min, max, count } = combined([line([0, 2, 4], [0, 2, 4]), line([1, 3], [5, 5])], "range");
  equal(x, [0, 1, 2, 3, 4]);
  equal(last, [0, 3, 3.5, 4, 4]);
  equal([min, max, count], [[0, 1, 2, 3, 4], [0, 5, 5, 5, 4], [1, 2, 2, 2, 1]]);
});

test("the band of a deviation is one sample standard deviation either way, and none around a single value", () => {
  const { min, max } = combined([line([0, 1], [1, 1]), line([0], [3])], "deviation");
  equal([min, max], [[2 - Math.SQRT2, 1], [2 + Math.SQRT2, 1]]);
});

test("nothing is made up next to a NaN or an infinity", () => {
  const { x, last, count } = combined([line([0, 2, 4, 6], [1, NaN, 1, Infinity]), line([0, 1, 2, 3, 4, 5, 6], [3, 3, 3, 3, 3, 3, 3])], "range");
  equal([x, last, count], [[0, 1, 2, 3, 4, 5, 6], [2, 3, 3, 3, 2, 3, 3], [2, 1, 1, 1, 2, 1, 1]]);
});

test("no series and series without numbers make an empty line", () => {
  equal([combined([], "range").x, combined([line([1], [NaN])], "deviation").x], [[], []]);
});

test("of very many x some are chosen, the first and the last among them", () => {
  const xs = Array.from({ length: 5000 }, (_, index) => index);
  const { x } = combined([line(xs, xs), line(xs, xs)], "range");
  equal([x.length, x[0], x.at(-1)], [1000, 0, 4999]);
});

import { withFreshHead, withNextPage, withReplaced } from "/static/pages.js";
import { equal, test } from "./harness.js";

const items = (...ids) => ids.map((id) => ({ id }));

test("new experiments come to the head, and what was loaded further down stays", () => {
  equal(withFreshHead(items("c", "b", "a"), items("d", "c")), items("d", "c", "b", "a"));
});

test("what has gone from the first page's range goes", () => {
  equal(withFreshHead(items("c", "b", "a"), items("d", "b")), items("d", "b", "a"));
});

test("a first page of nothing but new ones goes before all others", () => {
  equal(withFreshHead(items("b", "a"), items("d", "c")), items("d", "c", "b", "a"));
});

test("known experiments are replaced by what they are now", () => {
  equal(withFreshHead([{ id: "a", status: "running" }], [{ id: "a", status: "finished" }]), [{ id: "a", status: "finished" }]);
});

test("a next page adds each experiment once", () => {
  equal(withNextPage(items("c", "b"), items("b", "a")), items("c", "b", "a"));
});

test("one that came up from far below does not take along what stood above it", () => {
  equal(withFreshHead(items("e", "d", "c", "b", "a"), items("a", "e")), items("a", "e", "d", "c", "b"));
});

test("rows are replaced where they stand, and those that are no more go", () => {
  equal(withReplaced(items("c", "b", "a"), ["b", "a"], [{ id: "b", status: "failed" }]), [{ id: "c" }, { id: "b", status: "failed" }]);
});

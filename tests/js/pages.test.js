import { withFreshHead, withNextPage } from "/static/pages.js";
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

import { lastSign, statusCounts, stragglersFirst } from "/static/writers.js";
import { equal, test } from "./harness.js";

const writer = (name, status, minute) => ({ writer: name, status, lastSeen: `2026-01-01T00:${minute}:00Z` });
const some = [writer("a", "running", "09"), writer("b", "finished", "01"), writer("c", "lost", "02"), writer("d", "running", "05")];

test("those that have not ended come first, the one that is silent longest before all", () => {
  equal(stragglersFirst(some).map((each) => each.writer), ["c", "d", "a", "b"]);
});

test("statuses are counted, the most frequent first", () => {
  equal(statusCounts(some), [["running", 2], ["finished", 1], ["lost", 1]]);
});

test("the last sign of life is the newest of all, and none where nobody gave one", () => {
  equal([lastSign(some), lastSign([])], ["2026-01-01T00:09:00.000Z", null]);
});

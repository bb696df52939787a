import { inPool } from "/static/pool.js";
import { equal, test } from "./harness.js";

test("no more run at once than allowed, and all are done in the end", async () => {
  let running = 0;
  let most = 0;
  const work = async (item) => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return item * 2;
  };
  const { done, failed } = await inPool([1, 2, 3, 4, 5], work, 2);
  equal([done.map(({ value }) => value), failed, most], [[2, 4, 6, 8, 10], [], 2]);
});

test("one that fails stops no other", async () => {
  const work = async (item) => {
    if (item === 2) throw new Error("no");
    return item;
  };
  const { done, failed } = await inPool([1, 2, 3], work);
  equal([done.map(({ item }) => item), failed.map(({ item, error }) => [item, error.message])], [[1, 3], [[2, "no"]]]);
});

test("nothing to do is done at once", async () => {
  equal(await inPool([], () => 1), { done: [], failed: [] });
});

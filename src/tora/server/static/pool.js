// Many requests, a few at a time. Pure.

/**
 * Run `work` on each item, at most `limit` at once; one that fails stops no other. Returns `{done, failed}`:
 * `done` holds `{item, value}`, `failed` `{item, error}`, both in the order of the items.
 */
export async function inPool(items, work, limit = 6) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await outcome(items[index], work);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return { done: results.filter(({ error }) => !error), failed: results.filter(({ error }) => error) };
}

async function outcome(item, work) {
  try {
    return { item, value: await work(item) };
  } catch (error) {
    return { item, error };
  }
}

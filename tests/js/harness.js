// What a test of a pure module needs, in the browser: name a test, compare, run all.

const tests = [];

export function test(name, body) {
  tests.push({ name, body });
}

/** Fail unless both are the same data; NaN is the same as NaN. */
export function equal(actual, expected) {
  if (!same(actual, expected)) throw new Error(`got ${shown(actual)}, expected ${shown(expected)}`);
}

/** Run every test; returns `{name, error}` each, the error null where it passed. */
export async function run() {
  const results = [];
  for (const { name, body } of tests) {
    try {
      await body();
      results.push({ name, error: null });
    } catch (error) {
      results.push({ name, error: String(error.stack ?? error) });
    }
  }
  return results;
}

function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

function shown(value) {
  return JSON.stringify(value, (_, part) => (typeof part === "number" && !Number.isFinite(part) ? String(part) : part));
}

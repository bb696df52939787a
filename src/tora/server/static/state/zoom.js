// The part of the axis that the charts of a page show; null is all of it.
import { signal } from "../lib.js";

/**
 * Make a zoom: `range` is a signal of `{x, from, to}`, `x` the kind of axis that it was drawn on. `on(x)` answers the range for
 * charts on such an axis, null where they show everything.
 */
export function createZoom() {
  const range = signal(null);
  return {
    range,
    on: (x) => (range.value?.x === x ? range.value : null),
    set: (x, from, to) => {
      if (to > from) range.value = { x, from, to };
    },
    reset: () => {
      range.value = null;
    },
  };
}

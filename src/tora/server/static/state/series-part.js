// One answer to a question for a series, kept current by the points of live events that are newer than it.
import { withPoints } from "../columns.js";
import { signal } from "../lib.js";

/** `view` is a signal of what was answered, `{columns, ...}`, null before it; `appended` counts what live events added. */
export function createPart() {
  const view = signal(null);
  let tick = 0;
  let meanwhile = null;

  const part = {
    view,
    appended: 0,
    /** A request is on its way: what comes from now on may be missing in its answer. */
    begin: () => {
      meanwhile = [];
    },
    take: (answer, answeredAt) => {
      view.value = answer;
      tick = answeredAt;
      part.appended = 0;
      (meanwhile ?? []).forEach(append);
      meanwhile = null;
    },
    drop: () => {
      view.value = null;
      meanwhile = null;
    },
    add: (points) => {
      meanwhile?.push(points);
      append(points);
    },
  };

  const append = ({ tick: at, x, y }) => {
    // Before the first answer there is nothing to add to, and an answer of a later tick has these points.
    if (view.value === null || at <= tick || x.length === 0) return;
    const broken = y.filter((value) => !Number.isFinite(Number(value))).length;
    const { columns, nonFinite } = view.value;
    view.value = { ...view.value, columns: withPoints(columns, x, y), nonFinite: nonFinite + broken };
    part.appended += x.length;
  };

  return part;
}

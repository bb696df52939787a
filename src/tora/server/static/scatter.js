// A plot of one dimension over another: where each experiment stands. Pure.
import { valueOf } from "./dimensions.js";
import { axisOf, placeOf } from "./scale.js";

const MARGIN = 0.04;

/**
 * Return `{points: [{id, left, top, values}], x, y, missing}`: places from 0 to 1 with a margin, `top` counted from
 * above, and the experiments that have no place on one of the two axes. Without a choice an axis is log where `axisOf`
 * finds that fit.
 */
export function scattered(experiments, xDimension, yDimension, { logX = null, logY = null } = {}) {
  const pairs = experiments.map((experiment) => [valueOf(experiment, xDimension), valueOf(experiment, yDimension)]);
  const x = axisOf(pairs.map(([value]) => value), { log: logX });
  const y = axisOf(pairs.map(([, value]) => value), { log: logY });
  const all = experiments.map(({ id }, index) => ({ id, ...placed(x, y, pairs[index]) }));
  return {
    x,
    y,
    points: all.filter(({ left, top }) => left !== null && top !== null).sort((a, b) => a.left - b.left || a.top - b.top),
    missing: all.filter(({ left, top }) => left === null || top === null).map(({ id }) => id),
  };
}

function placed(x, y, values) {
  const [left, height] = [placeOf(x, values[0]), placeOf(y, values[1])];
  return { left: left === null ? null : inset(left), top: height === null ? null : inset(1 - height), values };
}

/** A place within the margin that keeps marks off the frame. */
export function inset(place) {
  return MARGIN + place * (1 - 2 * MARGIN);
}

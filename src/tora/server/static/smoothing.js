// Exponential smoothing of a line whose points may stand at uneven distances. Pure.
//
// At even distances it is the debiased moving average s = f s + (1 - f) v, divided by 1 - f^n. At uneven ones a point's
// influence fades with the distance on the axis, f for each `unit`: a part that is drawn from finer points is the same curve.

/** The distance at which influence fades by the factor: the mean one between the points, 1 where there is no second. */
export function unitOf(xs) {
  return xs.length > 1 ? (xs.at(-1) - xs[0]) / (xs.length - 1) || 1 : 1;
}

/**
 * Return the smoothed values, null where the value is no finite number: it counts for nothing, and the line is broken
 * there as the raw one is. `factor` is from 0 (the values as they are) to below 1.
 */
export function smoothed(xs, values, factor, unit = unitOf(xs)) {
  let sum = 0;
  let weight = 0;
  let before = null;
  return values.map((value, index) => {
    if (!isNumber(value)) return null;
    const fade = factor ** (before === null ? 1 : (xs[index] - before) / unit);
    before = xs[index];
    sum = sum * fade + value * (1 - fade);
    weight = weight * fade + (1 - fade);
    // Points so near to each other that their share is lost in rounding leave the mean where it is.
    return weight > 0 ? sum / weight : value;
  });
}

function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

// A few charts a frame: many that are built and drawn in the same one hold up a scroll, and a frame for each is as slow in all.
import { useEffect, useState } from "../lib.js";

// What a chart costs, in lines: the chart itself as much as some of them.
const CHART = 8;
const FRAME = 40;
const waiting = new Map();
let frame = null;

/** Return whether a chart that is wanted may be built: not before its turn, which comes in one of the next frames. */
export function useTurn(wanted, lines) {
  const [come, setCome] = useState(false);
  useEffect(() => {
    if (!wanted) return undefined;
    const take = () => setCome(true);
    waiting.set(take, CHART + lines);
    frame ??= requestAnimationFrame(next);
    return () => {
      waiting.delete(take);
      setCome(false);
    };
  }, [wanted]);
  return wanted && come;
}

/** Who waits the longest is first, however large; who scrolled by meanwhile has left. */
function next() {
  let room = FRAME;
  for (const [take, cost] of waiting) {
    if (cost > room && room < FRAME) break;
    room -= cost;
    waiting.delete(take);
    take();
  }
  frame = waiting.size > 0 ? requestAnimationFrame(next) : null;
}

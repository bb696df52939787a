// Whether an element is on the screen or will soon be; one observer for all elements of a page.
import { useEffect, useState } from "../lib.js";

const MARGIN = "800px 0px";
// What a fast scroll only passes by is not told of: mounting it would make the scroll stutter.
const STAYS = 100;
const told = new WeakMap();
const waiting = new Map();
let observer = null;
let scrolledAt = -Infinity;

/** Return whether the element of a ref is near the screen. */
export function useNear(ref) {
  const [near, setNear] = useState(false);
  useEffect(() => {
    observer ??= startObserver();
    const element = ref.current;
    told.set(element, setNear);
    observer.observe(element);
    return () => {
      observer.unobserve(element);
      cancel(element);
    };
  }, []);
  return near;
}

function startObserver() {
  const note = () => {
    scrolledAt = performance.now();
  };
  addEventListener("scroll", note, { passive: true });
  return new IntersectionObserver((changes) => changes.forEach(take), { rootMargin: MARGIN });
}

function take({ target, isIntersecting }) {
  cancel(target);
  const tell = () => {
    waiting.delete(target);
    told.get(target)?.(isIntersecting);
  };
  const scrolling = performance.now() - scrolledAt < STAYS;
  if (isIntersecting && scrolling) waiting.set(target, setTimeout(tell, STAYS));
  else tell();
}

function cancel(element) {
  clearTimeout(waiting.get(element));
  waiting.delete(element);
}

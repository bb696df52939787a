// Whether an element is on the screen, or near it.
import { useEffect, useState } from "../lib.js";

const MARGIN = "400px 0px";

/** Return whether the element of a ref is near the screen. */
export function useSeen(ref) {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((changes) => setSeen(changes.at(-1).isIntersecting), {
      rootMargin: MARGIN,
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return seen;
}

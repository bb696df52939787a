// How wide an element is, kept current.
import { useLayoutEffect, useState } from "../lib.js";

/** Return the width of the element of a ref in pixels, 0 before it is on the page. */
export function useWidth(ref) {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setWidth(ref.current?.clientWidth ?? 0);
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    measure();
    return () => observer.disconnect();
  }, []);
  return width;
}

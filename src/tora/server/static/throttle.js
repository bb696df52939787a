// Calls that come too often, made rarer.

/** Return a function that runs `work` at once, then at most once in so many milliseconds; the last call counts. */
export function throttled(work, milliseconds) {
  let next = 0;
  let timer = null;
  const run = () => {
    timer = null;
    next = performance.now() + milliseconds;
    work();
  };
  const call = () => {
    timer ??= setTimeout(run, Math.max(0, next - performance.now()));
  };
  call.cancel = () => {
    clearTimeout(timer);
    timer = null;
  };
  return call;
}

/** Return a function that runs `work` with the last arguments, once the calls have paused. */
export function debounced(work, milliseconds) {
  let timer = null;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds);
  };
}

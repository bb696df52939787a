// The only module that knows where the libraries lie; tools/vendor.py puts them there.
import htm from "./vendor/htm-3.1.1/htm.mjs";
import { h } from "./vendor/preact-11.2.0/preact.mjs";

export { Fragment, h, render } from "./vendor/preact-11.2.0/preact.mjs";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact-11.2.0/hooks.mjs";
export { batch, computed, effect, signal, untracked } from "./vendor/preact-signals-2.11.4/signals.mjs";
export { default as uPlot } from "./vendor/uplot-1.6.32/uPlot.esm.js";

export const html = htm.bind(h);

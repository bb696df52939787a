// A chart of one or several lines over the same axis: the line is the last value, the band min to max.
import { breaks } from "../columns.js";
import { counted } from "../format.js";
import { hiddenByLog, layerKinds, PLAIN, tableOf } from "../layers.js";
import { html, signal, uPlot, useEffect, useLayoutEffect, useMemo, useRef } from "../lib.js";
import { paint } from "../state/paint.js";
import { theme } from "../state/theme.js";
import { createZoom } from "../state/zoom.js";
import { ChartReadout } from "./chart-readout.js";
import { plotOptions } from "./plot.js";

/**
 * `lines` is a list of `{columns, color, label?, unit?, faded?}`, `color` being a custom property; several lines need a `label`,
 * which the readout lists. `axes` is what the reader chose: `{x: "step" | "time" | "relative", logX, logY, smoothing (0 to
 * 0.999), band}`; `state/chart-settings.js` holds it for all pages, the defaults stand for what is absent. `x` must be the
 * kind that the columns have. `zoom` is the zoom that the charts of a page share (`createZoom()`), charts of one `syncKey`
 * share their cursor. `onPoint` gets the index of the point under the cursor (of the common x, where there are several
 * lines), or null. The element tells in `data-points` how many points it draws.
 */
export function Chart({ lines, label, axes = PLAIN, zoom = null, height = 190, syncKey = null, onPoint = () => {} }) {
  const host = useRef(null);
  const drawing = useRef(null);
  const own = useMemo(() => ({ zoom: createZoom(), cursor: signal(null) }), []);
  const chosen = completed(axes);
  const current = useRef(null);
  current.current = { lines, axes: chosen, zoom: zoom ?? own.zoom, onPoint, cursor: own.cursor };

  const shape = shapeOf(lines, chosen);
  useLayoutEffect(() => {
    drawing.current = mount(host.current, { height, syncKey, current });
    return drawing.current.end;
  }, [shape, syncKey, height]);

  const columns = lines.map((line) => line.columns);
  useChange(() => drawing.current.show(), [...columns, chosen.smoothing]);

  const range = current.current.zoom.on(chosen.x);
  useChange(() => drawing.current.rescale(), [range]);

  const shown = theme.value;
  useChange(() => drawing.current.repaint(), [shown, lines.map(({ color, faded }) => `${color} ${faded}`).join()]);

  const points = columns.reduce((sum, { x }) => sum + x.length, 0);
  const zoomed = range ? `${range.from} ${range.to}` : null;
  return html`<div class="chart-frame">
    <div class="chart" role="img" aria-label=${label} data-points=${points} data-axis=${chosen.x} data-range=${zoomed} ref=${host}></div>
    ${lines.length > 1 && html`<${ChartReadout} lines=${lines} x=${chosen.x} cursor=${own.cursor} />`}
    <${Hidden} lines=${lines} axes=${chosen} />
  </div>`;
}

/** An effect of a change only: a drawing that was just made is right, and drawing it once more takes as long. */
function useChange(work, values) {
  const made = useRef(false);
  useEffect(() => {
    if (made.current) work();
    made.current = true;
  }, values);
}

function completed(axes) {
  const given = { ...PLAIN, ...axes };
  // Moments have no logarithm that means anything.
  return given.x === "time" ? { ...given, logX: false } : given;
}

/** What a drawing cannot change once it is made. */
function shapeOf(lines, axes) {
  const kinds = lines.map(({ columns }) => layerKinds(columns, axes));
  return [axes.x, axes.logX, axes.logY, ...kinds].join(" ");
}

/** Says what a log axis leaves out, since a chart that is silent about it lies. */
function Hidden({ lines, axes }) {
  const hidden = useMemo(() => hiddenByLog(lines, axes), [lines, axes.logX, axes.logY]);
  if (hidden === 0) return null;
  return html`<p class="chart-note">${counted(hidden, "point")} at or below 0 not drawn: the axis is logarithmic</p>`;
}

function mount(host, { height, syncKey, current }) {
  const { lines, axes } = current.current;
  const drawn = lines.map(({ columns }, index) => ({
    get color() {
      return current.current.lines[index].color;
    },
    kinds: layerKinds(columns, axes),
    breaks: () => breaks(current.current.lines[index].columns),
    isFaded: () => current.current.lines[index].faded,
  }));
  const range = () => {
    const found = current.current.zoom.range.peek();
    return found?.x === axes.x ? [found.from, found.to] : null;
  };
  const on = {
    cursor: (index, plot) => {
      const { onPoint, cursor } = current.current;
      // The library knows the width; an element would have the page laid out to tell it.
      const share = plot.cursor.left / (plot.bbox.width / uPlot.pxRatio);
      cursor.value = index === null ? null : { x: plot.data[0][index], share };
      onPoint(index);
    },
    select: (from, to) => current.current.zoom.set(axes.x, from, to),
    reset: () => current.current.zoom.reset(),
  };
  const options = { width: host.clientWidth, height, lines: drawn, axes, paint, range, on, syncKey };
  const data = () => tableOf(current.current.lines, current.current.axes);
  const plot = new uPlot(plotOptions(options), data(), host);
  let shown = current.current.lines;
  let smoothing = axes.smoothing;
  const observer = new ResizeObserver(() => fit(plot, host.clientWidth, height));
  observer.observe(host);
  return {
    show: () => {
      const { lines: now, axes: chosen } = current.current;
      if (sameColumns(now, shown) && smoothing === chosen.smoothing) return;
      shown = now;
      smoothing = chosen.smoothing;
      plot.setData(data());
    },
    // The scale's own function knows the range; it is asked again.
    rescale: () => plot.setScale("x", { min: plot.data[0][0] ?? null, max: plot.data[0].at(-1) ?? null }),
    repaint: () => plot.redraw(false),
    end: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function sameColumns(some, others) {
  return some.every(({ columns }, index) => columns === others[index]?.columns);
}

function fit(plot, width, height) {
  if (width > 0 && width !== plot.width) plot.setSize({ width, height });
}

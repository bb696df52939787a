// A chart of one or several series over the same axis: the line is the last value, the band min to max.
import { painter } from "../color.js";
import { aligned, breaks } from "../columns.js";
import { html, uPlot, useEffect, useLayoutEffect, useRef } from "../lib.js";
import { theme } from "../state/theme.js";
import { plotOptions } from "./plot.js";

/**
 * `lines` is a list of `{columns, color}`, `color` being a custom property. `onPoint` gets the index of the
 * point under the cursor, or null. The element tells in `data-points` how many points it draws.
 */
export function Chart({ lines, label, height = 190, syncKey = null, onPoint = () => {} }) {
  const host = useRef(null);
  const drawing = useRef(null);
  const current = useRef(lines);
  current.current = lines;

  useLayoutEffect(() => {
    drawing.current = mount(host.current, { height, syncKey, onPoint, current });
    return drawing.current.end;
  }, [lines.length]);

  const columns = lines.map((line) => line.columns);
  useEffect(() => drawing.current.show(columns), columns);

  const shown = theme.value;
  useEffect(() => drawing.current.repaint(), [shown]);

  const points = columns.reduce((sum, { x }) => sum + x.length, 0);
  return html`<div class="chart" role="img" aria-label=${label} data-points=${points} ref=${host}></div>`;
}

function mount(host, { height, syncKey, onPoint, current }) {
  const paint = painter(host);
  const lines = current.current.map(({ color }, index) => ({
    color,
    breaks: () => breaks(current.current[index].columns),
  }));
  const options = plotOptions({ width: host.clientWidth, height, lines, paint, syncKey, onCursor: onPoint });
  const plot = new uPlot(options, aligned(current.current.map(({ columns }) => columns)), host);
  const observer = new ResizeObserver(() => fit(plot, host.clientWidth, height));
  observer.observe(host);
  return {
    show: (columns) => show(plot, aligned(columns)),
    repaint: () => {
      paint.forget();
      plot.redraw(false);
    },
    end: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function fit(plot, width, height) {
  if (width > 0 && width !== plot.width) plot.setSize({ width, height });
}

function show(plot, data) {
  if (data[0] === plot.data[0]) return;
  // New points must not throw a reader out of the part that they zoomed into.
  const zoomed = isZoomed(plot);
  plot.setData(data, !zoomed);
  if (zoomed) plot.redraw();
}

function isZoomed(plot) {
  const [xs] = plot.data;
  const { min, max } = plot.scales.x;
  return xs.length > 1 && (min > xs[0] || max < xs[xs.length - 1]);
}

// How a chart is drawn: options for uPlot, with colours that follow the theme.
import { clockLabels, SPAN_STEPS, spanLabel } from "../axis-labels.js";
import { number } from "../format.js";
import { uPlot } from "../lib.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const OPACITY = { band: 0.18, inner: 0.2, raw: 0.35, outer: 0.1 };
const MARK = 4;
const LEAST_DRAG = 5;
const LOG = 3;

/**
 * Return the options for some lines, `{color, kinds, breaks}` each: the colour is read at each drawing, `kinds` are their
 * layers, see layers.js, `breaks` answers where they are no number. `paint` answers the colour of a custom property, `range`
 * the part of the axis to show or null; `on` has `cursor(index)`, `select(from, to)` and `reset()`. `scale` is how much larger
 * everything is than on the screen.
 */
export function plotOptions({ width, height, lines, axes, paint, range, on, syncKey = null, scale = 1 }) {
  return {
    width,
    height,
    padding: [8 * scale, 12 * scale, 0, 0],
    legend: { show: false },
    cursor: cursorOf(on, syncKey),
    scales: { x: xScale(axes, range), y: axes.logY ? { distr: LOG } : {} },
    axes: [xAxis(axes, paint, scale), axis(paint, scale, { size: wide(scale), space: 36 * scale, values: numbers })],
    series: [{}, ...lines.flatMap((line) => line.kinds.map((kind) => layer(kind, line.kinds, () => colorOf(line, paint), scale)))],
    bands: bandsOf(lines, paint),
    hooks: {
      draw: [
        (plot) => drawOnTop(plot, lines, paint, scale),
        (plot) => lines.forEach((line) => drawBreaks(plot, line.breaks(), paint, scale)),
      ],
      setCursor: [(plot) => on.cursor(plot.cursor.idx ?? null, plot)],
      setSelect: [(plot) => select(plot, on)],
    },
  };
}

function cursorOf(on, syncKey) {
  // Only the cursor is shared as it moves; what a drag selects is shared by the page's zoom.
  const pub = (type) => type === "mousemove" || type === "mouseleave";
  return {
    y: false,
    points: { size: 7, width: 2 },
    drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG },
    bind: { dblclick: () => () => on.reset() },
    ...(syncKey && { sync: { key: syncKey, scales: ["x", null], filters: { pub } } }),
  };
}

function select(plot, on) {
  const { left, width } = plot.select;
  if (width < LEAST_DRAG) return;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  on.select(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
}

function xScale({ x, logX }, range) {
  // Not the bounds that the library proposes: those of a single moment are years apart.
  const span = ({ data: [xs] }) => spanOf(xs[0] ?? null, xs.at(-1) ?? null, logX);
  return { time: x === "time", distr: logX ? LOG : 1, range: (plot) => range() ?? span(plot) };
}

function spanOf(low, high, logX) {
  // A single point, or none, still needs an axis to stand on.
  if (low === null) return logX ? [1, 10] : [0, 1];
  if (low < high) return [low, high];
  return logX ? [low / 2, high * 2] : [low - 1, high + 1];
}

function xAxis({ x, logX }, paint, scale) {
  if (x === "time") {
    const values = (_, ticks, at, space, step) => clockLabels(ticks, step);
    return axis(paint, scale, { size: 38 * scale, space: 70 * scale, values });
  }
  const values = x === "relative" ? (_, ticks) => ticks.map((tick) => (tick === null ? "" : spanLabel(tick))) : numbers;
  const steps = x === "relative" && !logX ? { incrs: SPAN_STEPS } : {};
  return axis(paint, scale, { size: 24 * scale, space: 64 * scale, values, ...steps });
}

function axis(paint, scale, more) {
  return {
    font: `${11 * scale}px ${FONT}`,
    stroke: () => paint("--muted"),
    grid: { stroke: () => paint("--grid"), width: scale },
    ticks: { show: false },
    gap: 6 * scale,
    ...more,
  };
}

function numbers(_, ticks) {
  // A log axis leaves out labels that have no room.
  return ticks.map((tick) => (tick === null ? "" : number(tick, 6)));
}

function wide(scale) {
  return (plot, labels) => {
    const longest = Math.max(0, ...(labels ?? []).map(({ length }) => length));
    return Math.max(40, 14 + longest * 6.2) * scale;
  };
}

function layer(kind, kinds, stroke, scale) {
  const points = { show: false };
  if (kind === "line") {
    const width = (kinds.includes("raw") ? 2 : 1.5) * scale;
    return { stroke, width, points: { size: 5 * scale, fill: stroke } };
  }
  if (kind === "raw") return { stroke: () => faint(stroke(), OPACITY.raw), width: scale, points };
  if (kind === "p50") return { stroke, width: scale, dash: [4 * scale, 4 * scale], points };
  return { stroke: "transparent", width: 0, points };
}

/** Whether a line is faded may change without a new drawing. */
function colorOf({ color, isFaded }, paint) {
  return paint(isFaded?.() ? "--faded" : color);
}

/** Draw what is not faded once more, since lines that come later lie over it. */
function drawOnTop(plot, lines, paint, scale) {
  if (!lines.some(({ isFaded }) => isFaded?.())) return;
  const { ctx, bbox } = plot;
  let next = 1;
  for (const line of lines) {
    const paths = plot.series[next + line.kinds.indexOf("line")]._paths;
    next += line.kinds.length;
    if (line.isFaded?.() || !paths?.stroke) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    if (paths.clip) ctx.clip(paths.clip);
    ctx.strokeStyle = paint(line.color);
    ctx.lineWidth = 2.5 * scale * uPlot.pxRatio;
    ctx.stroke(paths.stroke);
    ctx.restore();
  }
}

/** The areas between the edges of each line: of two, the outer is fainter. */
function bandsOf(lines, paint) {
  let next = 1;
  return lines.flatMap((line) => {
    const { kinds } = line;
    const first = next;
    next += kinds.length;
    const between = (low, high, opacity) => {
      if (!kinds.includes(low)) return [];
      const series = [first + kinds.indexOf(high), first + kinds.indexOf(low)];
      return [{ series, fill: () => faint(colorOf(line, paint), opacity) }];
    };
    const outer = kinds.includes("p5") ? OPACITY.outer : OPACITY.band;
    return [...between("min", "max", outer), ...between("p5", "p95", OPACITY.inner)];
  });
}

function faint(color, opacity) {
  return `color-mix(in srgb, ${color} ${opacity * 100}%, transparent)`;
}

/** Mark each NaN at the bottom edge and each infinity at the edge that it left through. */
function drawBreaks(plot, breaks, paint, scale) {
  const { ctx, bbox } = plot;
  const size = MARK * scale * uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = paint("--failed");
  for (const { x, value } of breaks) {
    const left = plot.valToPos(x, "x", true);
    if (!(left >= bbox.left && left <= bbox.left + bbox.width)) continue;
    const top = value === Infinity ? bbox.top : bbox.top + bbox.height - size;
    ctx.fillRect(Math.round(left - size / 4), top, Math.max(1, size / 2), size);
  }
  ctx.restore();
}

// How a chart is drawn: options for uPlot, with colours that follow the theme.
import { number } from "../format.js";
import { uPlot } from "../lib.js";

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const BAND_OPACITY = 0.18;
const MARK = 4;

/** Return the options for some lines, `{color, breaks}` each; `paint` answers the colour of a custom property. */
export function plotOptions({ width, height, lines, paint, syncKey, onCursor }) {
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7, width: 2 },
      drag: { x: true, y: false },
      ...(syncKey && { sync: { key: syncKey, scales: ["x", null] } }),
    },
    scales: { x: { time: false, range: spanOf }, y: {} },
    axes: [axis(paint, { size: 24, space: 60 }), axis(paint, { size: wide, space: 36 })],
    series: [{}, ...lines.flatMap(({ color }) => lineSeries(() => paint(color)))],
    bands: lines.map(({ color }, index) => band(index, () => faint(paint(color)))),
    hooks: {
      draw: [(plot) => lines.forEach((line) => drawBreaks(plot, line.breaks(), paint))],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
    },
  };
}

function spanOf(_, low, high) {
  // A single point, or none, still needs an axis to stand on.
  if (low === null) return [0, 1];
  return low === high ? [low - 1, high + 1] : [low, high];
}

function axis(paint, more) {
  return {
    font: FONT,
    stroke: () => paint("--muted"),
    grid: { stroke: () => paint("--grid"), width: 1 },
    ticks: { show: false },
    gap: 6,
    values: (_, ticks) => ticks.map((tick) => number(tick, 6)),
    ...more,
  };
}

function wide(plot, labels) {
  const longest = Math.max(0, ...(labels ?? []).map(({ length }) => length));
  return Math.max(40, 14 + longest * 6.2);
}

function lineSeries(stroke) {
  const edge = { stroke: "transparent", width: 0, points: { show: false } };
  return [{ stroke, width: 1.5, points: { size: 5, fill: stroke } }, edge, edge];
}

/** The area between the minimum and the maximum of a line, which are the two series after its own. */
function band(index, fill) {
  const low = 2 + index * 3;
  return { series: [low + 1, low], fill };
}

function faint(color) {
  return `color-mix(in srgb, ${color} ${BAND_OPACITY * 100}%, transparent)`;
}

/** Mark each NaN at the bottom edge and each infinity at the edge that it left through. */
function drawBreaks(plot, breaks, paint) {
  const { ctx, bbox } = plot;
  const size = MARK * uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = paint("--failed");
  for (const { x, value } of breaks) {
    const left = plot.valToPos(x, "x", true);
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    const top = value === Infinity ? bbox.top : bbox.top + bbox.height - size;
    ctx.fillRect(Math.round(left - size / 4), top, Math.max(1, size / 2), size);
  }
  ctx.restore();
}

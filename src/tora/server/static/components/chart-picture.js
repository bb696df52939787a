// A chart as a PNG: drawn anew at twice the size, with its title and the names of its lines, in the colours on the screen.
import { breaks } from "../columns.js";
import { fileName } from "../file-name.js";
import { layerKinds, tableOf } from "../layers.js";
import { uPlot } from "../lib.js";
import { paint } from "../state/paint.js";
import { plotOptions } from "./plot.js";

const SIZE = { width: 960, height: 480 };
const SCALE = 2;
const MARGIN = 16;
const LINE = 20;
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** Save a chart as the reader sees it; `note` stands under the title, such as the experiment's name. */
export async function savePicture({ title, note = "", lines, axes, range = null }) {
  const host = document.body.appendChild(document.createElement("div"));
  host.className = "chart-offscreen";
  try {
    const plot = await drawn(host, { lines, axes, range });
    download(await blobOf(composed(plot, { title, note, lines })), `${fileName(title)}.png`);
    plot.destroy();
  } finally {
    host.remove();
  }
}

function drawn(host, { lines, axes, range }) {
  // The chart library multiplies by the screen's own ratio.
  const scale = SCALE / uPlot.pxRatio;
  const options = plotOptions({
    width: SIZE.width * scale,
    height: SIZE.height * scale,
    lines: lines.map(({ color, columns }) => ({ color, kinds: layerKinds(columns, axes), breaks: () => breaks(columns) })),
    axes,
    paint,
    range: () => range && [range.from, range.to],
    on: { cursor: () => {}, select: () => {}, reset: () => {} },
    scale,
  });
  return new Promise((resolve) => {
    options.hooks.draw.push(resolve);
    new uPlot(options, tableOf(lines, axes), host);
  });
}

function composed(plot, { title, note, lines }) {
  const rows = lines.length > 1 ? legendRows(plot.ctx, lines) : [];
  const head = MARGIN + LINE * (1 + Number(note !== "") + rows.length) + 8;
  const canvas = document.createElement("canvas");
  canvas.width = plot.ctx.canvas.width + 2 * MARGIN * SCALE;
  canvas.height = plot.ctx.canvas.height + (head + MARGIN) * SCALE;
  const pen = canvas.getContext("2d");
  pen.fillStyle = paint("--surface");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(plot.ctx.canvas, MARGIN * SCALE, head * SCALE);
  pen.scale(SCALE, SCALE);
  pen.textBaseline = "top";
  write(pen, title, MARGIN, { font: `600 16px ${FONT}`, color: paint("--text") });
  if (note) write(pen, note, MARGIN + LINE, { font: `12px ${FONT}`, color: paint("--muted") });
  rows.forEach((row, index) => legend(pen, row, head - 8 - LINE * (rows.length - index), paint));
  return canvas;
}

function write(pen, text, top, { font, color }) {
  Object.assign(pen, { font, fillStyle: color });
  // The last parameter presses a text that is too wide together.
  pen.fillText(text, MARGIN, top, SIZE.width);
}

/** Return the lines' names with their places, row by row. */
function legendRows(pen, lines) {
  const rows = [[]];
  let left = 0;
  pen.font = `12px ${FONT}`;
  for (const { label = "", color } of lines) {
    const width = Math.min(pen.measureText(label).width, 260);
    if (left + width + 34 > SIZE.width && rows.at(-1).length) {
      rows.push([]);
      left = 0;
    }
    rows.at(-1).push({ label, color, left, width });
    left += width + 34;
  }
  return rows;
}

function legend(pen, row, top, paint) {
  pen.font = `12px ${FONT}`;
  for (const { label, color, left, width } of row) {
    pen.fillStyle = paint(color);
    pen.fillRect(MARGIN + left, top + 3, 10, 10);
    pen.fillStyle = paint("--text");
    pen.fillText(label, MARGIN + left + 15, top, width);
  }
}

function blobOf(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

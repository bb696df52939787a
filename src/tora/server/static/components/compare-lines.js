// The lines of a parallel plot, drawn on a canvas: a thousand of them are one quick pass.
import { html, useLayoutEffect, useRef } from "../lib.js";
import { paint } from "../state/paint.js";
import { theme } from "../state/theme.js";

const SHADES = 16;

/** `lines` are places on each axis; `scale` a share from 0 to 1 for each line, null without one, or nothing at all. */
export function ParallelLines({ lines, places, width, height, colors, faded, scale, label }) {
  const canvas = useRef(null);
  const shown = theme.value;
  const signature = [lines.length, width, shown, faded.join(""), colors.join()].join();
  useLayoutEffect(() => {
    draw(canvas.current, { lines, places, width, height, colors, faded, scale });
  }, [signature, JSON.stringify(lines)]);
  return html`<canvas ref=${canvas} role="img" aria-label=${label} style=${{ width: `${width}px`, height: `${height}px` }}></canvas>`;
}

function draw(canvas, { lines, places, width, height, colors, faded, scale }) {
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const shade = shades();
  const stroke = (index) => (scale ? shade(scale[index]) : paint(colors[index]));
  const alone = faded.filter((each) => !each).length < 3;
  // What stands out is drawn last, over what does not.
  lines.forEach((places_, index) => faded[index] && path(context, places_, places, paint("--faded"), 1));
  lines.forEach((places_, index) => faded[index] || path(context, places_, places, stroke(index), alone ? 2.5 : 1.5));
}

function path(context, line, { left, top }, color, width) {
  context.beginPath();
  line.forEach((place, index) => context.lineTo(left(index), top(place)));
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

/** Colours between the ends of the scale; of what has no value, a muted one. */
function shades() {
  const [low, high] = [paint("--scale-low"), paint("--scale-high")];
  const mixed = Array.from({ length: SHADES + 1 }, (_, index) => `color-mix(in oklch, ${high} ${(100 * index) / SHADES}%, ${low})`);
  return (share) => (share === null ? paint("--line-strong") : mixed[Math.round(Math.min(1, Math.max(0, share)) * SHADES)]);
}

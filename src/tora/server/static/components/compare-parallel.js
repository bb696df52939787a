// The plot with an axis for each dimension: lines on a canvas, axes with brushes over it, the same by fields below.
import { html, useRef, useState } from "../lib.js";
import { linesOf } from "../parallel.js";
import { geometry, nearestLine } from "../parallel-geometry.js";
import { changeView, outstanding } from "../state/compare-view.js";
import { AxisFields } from "./compare-axis-fields.js";
import { ParallelAxis } from "./compare-axis.js";
import { ParallelLines } from "./compare-lines.js";
import { DimensionSelect } from "./dimension-select.js";
import { useWidth } from "./width.js";

const HEIGHT = 340;
const AXIS_ROOM = 104;

export function Parallel({ store, view, picture }) {
  const { axes, experiments, selected } = picture;
  const texts = axes.map(({ dimension }) => dimension.text);
  const setAxes = (axis) => changeView({ axis });
  const add = (text) => setAxes([...texts, text]);
  return html`<section class="parallel panel" aria-label="Parallel coordinates">
    <header>
      <h2>Parallel coordinates</h2>
      <p class="muted">Drag along an axis to choose a range; what is outside fades on the whole page.</p>
      ${selected && html`<button type="button" onClick=${() => changeView({ brush: null })}>Clear the brushes</button>`}
      <${DimensionSelect} label="Add an axis" empty="Add an axis…" onChange=${add} ...${{ experiments, except: texts }} />
    </header>
    ${axes.length < 2
      ? html`<p class="muted">Two axes make a plot: add hyperparameters or metrics.</p>`
      : html`<${Plot} ...${{ store, view, picture }} />`}
    <${AxisFields} ...${{ axes, brushes: view.brushes, setAxes }} />
  </section>`;
}

function Plot({ store, view, picture }) {
  const { axes, shown, names, colorOf } = picture;
  const frame = useRef(null);
  const available = useWidth(frame);
  const width = Math.max(available, axes.length * AXIS_ROOM);
  const places = geometry(width, HEIGHT, axes.length);
  const lines = linesOf(shown, axes);
  const active = outstanding(store, picture);
  const scale = scaleOf(axes, lines);
  const [named, setNamed] = useState(null);
  const onMove = (event) => {
    if (store.dragged.peek()) return;
    const box = event.currentTarget.getBoundingClientRect();
    const within = (index) => picture.selected?.has(shown[index].id) ?? true;
    const found = nearestLine(lines, places, event.clientX - box.left, event.clientY - box.top, within);
    setNamed(found === null ? null : shown[found].id);
    store.point(found === null ? null : [shown[found].id]);
  };
  const onLeave = () => {
    setNamed(null);
    store.point(null);
  };
  const colors = shown.map(({ id }) => colorOf.get(id));
  const faded = shown.map(({ id }) => active !== null && !active.has(id));
  const size = { width: `${width}px`, height: `${HEIGHT}px` };
  const drawn = { lines, places, width, height: HEIGHT, colors, faded, scale: scale?.shares, label: labelOf(axes, lines) };
  return html`<div class="parallel-frame" ref=${frame} tabindex="0" role="group" aria-label="Plot, scrolls sideways where it is wide">
      <div class="parallel-plot" style=${size} onPointerMove=${onMove} onPointerLeave=${onLeave} data-lines=${lines.length}>
        ${available > 0 && html`<${ParallelLines} ...${drawn} />`}
        <svg class="axes" width=${width} height=${HEIGHT} viewBox=${`0 0 ${width} ${HEIGHT}`}>
          ${axes.map((axis, index) => html`<${ParallelAxis} key=${axis.dimension.text} ...${{ store, view, axis, index, places }} />`)}
        </svg>
      </div>
    </div>
    <p class="parallel-note muted">${named ? html`<bdi>${names.get(named)}</bdi>` : html`<${Colours} scale=${scale} />`}</p>`;
}

/** What the lines are coloured by. */
function Colours({ scale }) {
  if (!scale) return "coloured by experiment";
  return html`<span class="scale" aria-hidden="true"></span> low to high <bdi>${scale.label}</bdi>`;
}

/** Lines are coloured by the last metric among the axes: `{label, shares}`, null where there is none. */
function scaleOf(axes, lines) {
  const index = axes.findLastIndex(({ dimension, axis }) => dimension.kind === "metric" && axis.kind !== "words");
  if (index < 0) return null;
  return { label: axes[index].dimension.label, shares: lines.map((places) => places[index]) };
}

function labelOf(axes, lines) {
  return `${lines.length} experiments over ${axes.map(({ dimension }) => dimension.label).join(", ")}`;
}

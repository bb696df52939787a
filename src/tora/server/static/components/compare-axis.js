// One axis of the parallel plot: its name, its ticks, and the brush that is dragged along it.
import { brushText } from "../comparison.js";
import { html, useRef } from "../lib.js";
import { FRAME } from "../parallel-geometry.js";
import { placeOf, ticksOf, valueAt } from "../scale.js";
import { changeView } from "../state/compare-view.js";

const GRIP = 36;
const CLICK = 4;
const LETTER = 6.6;

export function ParallelAxis({ store, view, axis: { dimension, axis, values }, index, places }) {
  const start = useRef(null);
  const x = places.left(index);
  const bounds = store.dragged.value?.text === dimension.text ? store.dragged.value.bounds : view.brushes.get(dimension.text);
  const room = Math.max(8, Math.floor(Math.max(places.step, 96) / LETTER) - 1);
  const drag = dragging({ store, start, text: dimension.text, axis, places });
  const someMissing = values.some((value) => placeOf(axis, value) === null);
  return html`<g data-axis=${dimension.text}>
    <text class="axis-name" x=${x} y="16"><title>${dimension.label}</title>${clipped(dimension.label, room)}</text>
    <text class="axis-kind" x=${x} y="30">${axis.kind === "log" ? "log" : ""}</text>
    <line class="axis-line" x1=${x} x2=${x} y1=${FRAME.top} y2=${places.bottom} />
    ${someMissing &&
    html`<circle class="axis-missing" cx=${x} cy=${places.missing} r="3" />
      <text class="tick" x=${x + 8} y=${places.missing + 4}>none</text>`}
    ${ticksOf(axis).map(
      ({ place, text }) => html`<g key=${text}>
        <line class="axis-line" x1=${x - 3} x2=${x + 3} y1=${places.top(place)} y2=${places.top(place)} />
        <text class="tick" x=${x + 7} y=${places.top(place) + 4}><title>${text}</title>${clipped(text, room - 2)}</text>
      </g>`,
    )}
    ${bounds && html`<${Brush} ...${{ x, places, axis, bounds }} />`}
    <rect class="grip" x=${x - GRIP / 2} y=${FRAME.top - 6} width=${GRIP} height=${places.bottom - FRAME.top + 12} ...${drag} />
  </g>`;
}

function Brush({ x, places, axis, bounds }) {
  const [low, high] = edges(axis, bounds).map((place) => places.top(Math.min(1, Math.max(0, place))));
  return html`<rect class="brush" x=${x - 7} width="14" y=${high} height=${Math.max(2, low - high)} rx="3" />`;
}

/** The places that a brush reaches from and to; a word takes its whole part of the axis. */
function edges(axis, [from, to]) {
  if (axis.kind === "words") return [from / axis.words.length, (to + 1) / axis.words.length];
  return [placeOf(axis, from) ?? 0, placeOf(axis, to) ?? 1];
}

function dragging({ store, start, text, axis, places }) {
  const placeOfEvent = (event) => places.placeAt(event.clientY - event.currentTarget.ownerSVGElement.getBoundingClientRect().top);
  const onPointerDown = (event) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    start.current = { y: event.clientY, place: placeOfEvent(event) };
  };
  const onPointerMove = (event) => {
    if (!start.current || Math.abs(event.clientY - start.current.y) < CLICK) return;
    store.point(null);
    const ends = [start.current.place, placeOfEvent(event)].sort((a, b) => a - b);
    store.dragged.value = { text, bounds: ends.map((place) => valueAt(axis, place)) };
  };
  const onPointerUp = () => {
    if (start.current) setBrush(text, store.dragged.peek()?.bounds ?? null);
    start.current = null;
    store.dragged.value = null;
  };
  return { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp };
}

/** Brush an axis, or take its brush away with null. */
export function setBrush(text, bounds) {
  changeView(({ brushes }) => {
    const next = new Map(brushes);
    if (bounds) next.set(text, bounds);
    else next.delete(text);
    return { brush: next.size ? [...next].map(([each, ends]) => brushText(each, ends)) : null };
  });
}

function clipped(text, room) {
  const letters = [...text];
  return letters.length <= room ? text : `${letters.slice(0, room - 1).join("")}…`;
}

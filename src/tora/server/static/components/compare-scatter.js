// One dimension over another, a point for each experiment that has both.
import { dimensionOf, metricDimension, metricNames, paramDimension, paramNames } from "../dimensions.js";
import { counted, number, parameter } from "../format.js";
import { html, useMemo, useRef, useState } from "../lib.js";
import { navigate } from "../router.js";
import { inset, scattered } from "../scatter.js";
import { ticksOf } from "../scale.js";
import { changeView, outstanding } from "../state/compare-view.js";
import { DimensionSelect } from "./dimension-select.js";
import { useWidth } from "./width.js";

const HEIGHT = 380;
const FRAME = { left: 64, right: 16, top: 10, bottom: 30 };

export function Scatter({ store, view, picture }) {
  const { experiments, axes } = picture;
  const [x, y] = [dimensionOf(view.x) ?? firstOf(experiments, axes, "param"), dimensionOf(view.y) ?? firstOf(experiments, axes, "metric")];
  const { logX, logY } = view;
  const choice = [picture.shown, x?.text, y?.text, logX, logY];
  const plot = useMemo(() => x && y && scattered(picture.shown, x, y, { logX, logY }), choice);
  if (!plot) return null;
  return html`<section class="scatter panel" aria-label="Scatter">
    <header>
      <h2>Scatter</h2>
      <span class="axis-choice">
        <${DimensionSelect} label="Across" value=${x.text} onChange=${(text) => changeView({ x: text })} experiments=${experiments} />
        <${Log} name="logx" label="log x" axis=${plot.x} />
      </span>
      <span class="axis-choice">
        <${DimensionSelect} label="Up" value=${y.text} onChange=${(text) => changeView({ y: text })} experiments=${experiments} />
        <${Log} name="logy" label="log y" axis=${plot.y} />
      </span>
    </header>
    <${Plot} ...${{ store, picture, plot, x, y }} />
  </section>`;
}

/** What differs first, as the other plot found it; any, where that plot has none of the kind. */
function firstOf(experiments, axes, kind) {
  const found = axes.find(({ dimension }) => dimension.kind === kind)?.dimension;
  if (found) return found;
  const [param, metric] = [paramNames(experiments)[0], metricNames(experiments)[0]];
  const any = { param: param && paramDimension(param), metric: metric && metricDimension(metric) };
  return any[kind] ?? any.metric ?? any.param ?? null;
}

function Log({ name, label, axis: { kind } }) {
  const on = kind === "log";
  const toggle = () => changeView({ [name]: on ? "no" : "yes" });
  return html`<label class="check">
    <input type="checkbox" checked=${on} disabled=${kind === "words"} onChange=${toggle} /> ${label}
  </label>`;
}

function Plot({ store, picture, plot, x, y }) {
  const frame = useRef(null);
  const width = useWidth(frame);
  const [named, setNamed] = useState(null);
  const say = (id) => {
    setNamed(id);
    store.point(id && [id]);
  };
  const area = { width: Math.max(0, width - FRAME.left - FRAME.right), height: HEIGHT - FRAME.top - FRAME.bottom };
  const point = plot.points.find(({ id }) => id === named);
  const label = `${counted(plot.points.length, "experiment")}: ${y.label} over ${x.label}`;
  return html`<div class="scatter-frame" ref=${frame}>
      ${width > 0 &&
      html`<svg width=${width} height=${HEIGHT} viewBox=${`0 0 ${width} ${HEIGHT}`} role="group" aria-label=${label}>
        <${Ticks} ...${{ plot, area }} />
        <${Points} ...${{ plot, area, picture, active: outstanding(store, picture), say, named }} />
      </svg>`}
    </div>
    <p class="scatter-note">
      ${point
        ? html`<b><bdi>${nameOf(picture, point.id)}</bdi></b> <${Said} ...${{ x, y, values: point.values }} />`
        : html`<span class="muted">${y.label} over ${x.label}</span>`}
      <${Missing} plot=${plot} />
    </p>`;
}

function Said({ x, y, values }) {
  const [across, up] = values.map(shown);
  return html`<span class="muted">${x.label} <bdi>${across}</bdi>, ${y.label} <bdi>${up}</bdi></span>`;
}

function Missing({ plot: { missing, x, y } }) {
  if (missing.length === 0) return null;
  const log = x.kind === "log" || y.kind === "log";
  const why = log ? "no finite value, or none above 0 on a log axis" : "no finite value on one of the axes";
  return html`<span class="muted">${` · ${counted(missing.length, "experiment")} left out: ${why}`}</span>`;
}

function Ticks({ plot: { x, y }, area }) {
  const [left, top, right, bottom] = [FRAME.left, FRAME.top, FRAME.left + area.width, FRAME.top + area.height];
  return html`<g aria-hidden="true">
    ${ticksOf(x, Math.max(2, Math.floor(area.width / 110))).map(({ place, text }) => {
      const at = left + inset(place) * area.width;
      return html`<g key=${text}>
        <line class="grid" x1=${at} x2=${at} y1=${top} y2=${bottom} />
        <text class="tick middle" x=${at} y=${bottom + 18}>${clipped(text)}</text>
      </g>`;
    })}
    ${ticksOf(y).map(({ place, text }) => {
      const at = top + inset(1 - place) * area.height;
      return html`<g key=${text}>
        <line class="grid" x1=${left} x2=${right} y1=${at} y2=${at} />
        <text class="tick end" x=${left - 8} y=${at + 4}>${clipped(text)}</text>
      </g>`;
    })}
  </g>`;
}

/** One stop of the Tab key; arrows go from point to point, from left to right. */
function Points({ plot: { points }, area, picture, active, say, named }) {
  const current = points.some(({ id }) => id === named) ? named : points[0]?.id;
  const onKey = (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const all = [...event.currentTarget.querySelectorAll("a")];
    all[Math.min(all.length - 1, Math.max(0, all.indexOf(document.activeElement) + by))]?.focus();
  };
  return html`<g onKeyDown=${onKey}>
    ${points.map(
      ({ id, left, top, values }) => html`<a
        key=${id}
        href=${`/e/${encodeURIComponent(id)}`}
        data-id=${id}
        data-state=${active && (active.has(id) ? "pointed" : "faded")}
        tabindex=${id === current ? 0 : -1}
        aria-label=${`${nameOf(picture, id)}: ${values.map(shown).join(", ")}`}
        onClick=${(event) => open(event, id)}
        onMouseEnter=${() => say(id)}
        onMouseLeave=${() => say(null)}
        onFocus=${() => say(id)}
        onBlur=${() => say(null)}
      >
        <circle
          cx=${FRAME.left + left * area.width}
          cy=${FRAME.top + top * area.height}
          r="6"
          style=${{ "--swatch": `var(${picture.colorOf.get(id)})` }}
        />
      </a>`,
    )}
  </g>`;
}

/** The router knows links of HTML only; a click that asks for a new tab is the browser's. */
function open(event, id) {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(`/e/${encodeURIComponent(id)}`);
}

function nameOf({ experiments }, id) {
  return experiments.find((experiment) => experiment.id === id)?.name ?? id;
}

function shown(value) {
  return typeof value === "number" ? number(value) : parameter(value);
}

function clipped(text) {
  return text.length <= 9 ? text : `${[...text].slice(0, 8).join("")}…`;
}

// One metric in its frame: name, latest value, chart, and what is odd about it.
import { exportUrl } from "../api.js";
import { count, counted, number } from "../format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { Chart } from "./chart.js";
import { ChartMenu } from "./chart-menu.js";
import { placeLabel } from "./chart-readout.js";
import { ChartSettings } from "./chart-settings.js";
import { Problem } from "./parts.js";
import { useSeen } from "./seen.js";
import { useTurn } from "./turn.js";
import { WriterGroups } from "./writer-groups.js";

// More bands than these hide each other and the lines.
const MOST_BANDS = 6;

/** `summary` is the metric's summary, `series` the experiment's store of series. */
export function ChartCard({ summary, series, color, syncKey }) {
  const { name } = summary;
  const frame = useRef(null);
  const seen = useSeen(frame);
  const [point, setPoint] = useState(null);
  const [full, setFull] = useState(false);
  useShown(series, name, seen, () => frame.current.clientWidth);
  useShown(series, name, full, () => innerWidth);

  const { drawn, error } = series.entry(name);
  const shown = drawn.value;
  const chart = useChart({ summary, series, color, shown });
  const turn = useTurn(seen && chart !== null, 1);
  return html`<article class="card" ref=${frame} data-metric=${name}>
    <header>
      <h3 title=${name}><bdi>${name}</bdi></h3>
      <${Readout} summary=${summary} shown=${shown} point=${point} />
      ${chart && html`<${Menu} ...${{ name, series, chart }} onFull=${setFull} />`}
    </header>
    <div class="plot">${turn && html`<${Chart} ...${chart} syncKey=${syncKey} onPoint=${setPoint} />`}</div>
    <footer>
      <${Spread} shown=${shown} point=${point} />
      <${Oddities} summary=${summary} breaks=${series.breaks} nonFinite=${Math.max(summary.nonFinite, shown?.nonFinite ?? 0)} seen=${seen} />
      <${Problem} error=${error.value} announced=${false} />
    </footer>
  </article>`;
}

/** Keep a series current while it is looked at; `width` is how many pixels there are for it. */
function useShown(series, name, looked, width) {
  useEffect(() => {
    if (!looked) return undefined;
    series.show(name, width());
    return () => series.hide(name);
  }, [looked, name, series]);
}

/** What the chart takes, null before there is something to draw; the axis is the one that the points have. */
function useChart({ summary, series, color, shown }) {
  const { logX, logY, smoothing, band: wanted, groups } = series.settings.value;
  const lines = useMemo(() => shown && linesOf({ shown, groups, color, label: summary.name }), [shown, groups, color]);
  const band = wanted && !(lines?.length > MOST_BANDS);
  const axes = useMemo(() => shown && { x: shown.x, logX, logY, smoothing, band }, [shown?.x, logX, logY, smoothing, band]);
  const label = `${summary.name}: ${counted(summary.count, "point")}, last ${number(summary.last)}`;
  return shown && { lines, axes, label, zoom: series.zoom };
}

/** One line, or one of each group of writers; a group that is new has its colour once the writers are known. */
function linesOf({ shown, groups, color, label }) {
  if (!shown.groups) return [{ columns: shown.columns, unit: shown.unit, color, label }];
  const known = new Map((groups ?? []).map((group) => [group.value, group]));
  return shown.groups.map(({ value, columns, unit }) => ({ columns, unit, color, label: value ?? "none", ...named(known.get(value)) }));
}

function named(group) {
  return group && { color: group.color, label: group.label };
}

function Menu({ name, series, chart, onFull }) {
  const downloads = [{ label: "Save as CSV", href: exportUrl(series.experiment, name) }];
  const above = html`<${ChartSettings} zoom=${series.zoom} /><${WriterGroups} settings=${series.settings} />`;
  return html`<${ChartMenu} ...${{ title: name, chart, downloads, above, onFull }} note=${series.title?.() ?? ""} />`;
}

/** The value under the cursor, or the latest. */
function Readout({ summary, shown, point }) {
  const columns = shown?.columns;
  if (point === null || columns?.x[point] === undefined) {
    return html`<p class="readout"><b>${number(summary.last)}</b></p>`;
  }
  return html`<p class="readout"><span>${placeLabel(shown.x, columns.x[point])}</span> <b>${number(columns.last[point])}</b></p>`;
}

/** From where to where the values around the cursor go, where they are not one. */
function Spread({ shown, point }) {
  const [low, high] = [shown?.columns.min[point], shown?.columns.max[point]];
  if (point === null || (low ?? null) === null || low === high) return null;
  return html`<p class="spread">${number(low)} to ${number(high)}</p>`;
}

/** What the line alone does not tell: where the metric first stopped being a number. */
function Oddities({ summary, breaks, nonFinite, seen }) {
  useEffect(() => {
    if (seen && nonFinite) breaks.find(summary);
  }, [seen, nonFinite]);
  if (!nonFinite) return null;
  const first = breaks.of(summary.name).value;
  if (!first) return html`<p class="oddity">${counted(nonFinite, "value")} NaN or infinite</p>`;
  const more = nonFinite > 1 ? `, ${count(nonFinite)} in all` : "";
  return html`<p class="oddity">first ${number(first.value)}: step ${count(first.x)}${more}</p>`;
}

// One metric of several experiments in its frame.
import { exportUrl } from "../api.js";
import { counted } from "../format.js";
import { combined } from "../grouping.js";
import { html, useEffect, useMemo, useRef } from "../lib.js";
import { chartSettings } from "../state/chart-settings.js";
import { outstanding } from "../state/compare-view.js";
import { ChartSettings } from "./chart-settings.js";
import { ChartMenu } from "./chart-menu.js";
import { Chart } from "./chart.js";
import { useNear } from "./near.js";
import { Problem } from "./parts.js";
import { useTurn } from "./turn.js";

// More bands than these hide each other and the lines.
const MOST_BANDS = 6;
const MOST_FILES = 12;

export function CompareCard({ name, store, band, picture }) {
  const frame = useRef(null);
  const near = useNear(frame);
  useEffect(() => {
    if (!near) return undefined;
    store.series.show(name);
    return () => store.series.hide(name);
  }, [near, name]);
  const { drawn, error } = store.series.entry(name);
  const series = near ? drawn.value : null;
  const chart = useChart({ name, store, band, picture, series });
  const turn = useTurn(chart !== null, chart?.lines.length);
  return html`<article class="card" ref=${frame} data-metric=${name}>
    <header>
      <h3 title=${name}><bdi>${name}</bdi></h3>
      ${chart && html`<${Menu} ...${{ name, chart, store, picture, series }} />`}
    </header>
    <div class="plot">${turn && html`<${Chart} key=${keyOf(chart)} ...${chart} syncKey="compare" />`}</div>
    <footer><${Problem} error=${error.value} announced=${false} /></footer>
  </article>`;
}

/** Other lines are another drawing. */
function keyOf({ lines }) {
  return lines.map(({ key }) => key).join();
}

/** What the chart takes, null where it is far from the screen or there is nothing to draw yet. */
function useChart({ name, store, band, picture, series }) {
  const { shown, groups, colorOf } = picture;
  const lines = useMemo(() => series && linesOf(series.lines, picture, band), [series, shown, groups, colorOf, band]);
  const active = outstanding(store, picture);
  const emphasised = useMemo(() => lines?.map((line) => ({ ...line, faded: isFaded(line, active) })), [lines, active]);
  const settings = chartSettings.value;
  if (!series) return null;
  const axes = { ...settings, x: series.x, band: settings.band && lines.length <= MOST_BANDS };
  return { lines: emphasised, label: `${name}: ${counted(lines.length, "line")}`, axes, zoom: store.zoom };
}

function Menu({ name, chart, store, picture, series }) {
  const above = html`<${ChartSettings} zoom=${store.zoom} />`;
  return html`<${ChartMenu} ...${{ title: name, chart, above }} downloads=${filesOf(name, series.lines, picture)} />`;
}

/** Every point of this metric, a file for each of the first experiments. */
function filesOf(metric, series, { shown, names }) {
  const having = shown.filter(({ id }) => series.has(id)).slice(0, MOST_FILES);
  return having.map(({ id }) => ({ label: `CSV of ${names.get(id)}`, href: exportUrl(id, metric) }));
}

/** A line for each group, or for each experiment. */
function linesOf(series, { shown, groups, groupColors, colorOf, names }, band) {
  if (!groups) {
    const found = shown.filter(({ id }) => series.has(id));
    return found.map(({ id }) => ({ key: id, ids: [id], label: names.get(id), color: colorOf.get(id), columns: series.get(id) }));
  }
  const found = groups.map((group) => ({ ...group, columns: group.members.map((id) => series.get(id)).filter(Boolean) }));
  return found
    .filter(({ columns }) => columns.length > 0)
    .map(({ key, label, members, columns }) => ({
      key: String(key),
      ids: members,
      label,
      color: groupColors.get(String(key)),
      columns: combined(columns, band),
    }));
}

function isFaded({ ids }, active) {
  return active !== null && !ids.some((id) => active.has(id));
}

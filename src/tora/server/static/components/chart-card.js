// One metric in its frame: name, latest value, chart, and what is odd about it.
import { breaks } from "../columns.js";
import { count, counted, number } from "../format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { Chart } from "./chart.js";
import { Problem } from "./parts.js";
import { useSeen } from "./seen.js";

/** `summary` is the metric's summary, `series` the experiment's store of series. */
export function ChartCard({ summary, series, color, syncKey }) {
  const { name } = summary;
  const frame = useRef(null);
  const seen = useSeen(frame);
  const [point, setPoint] = useState(null);
  useEffect(() => {
    if (!seen) return undefined;
    series.show(name);
    return () => series.hide(name);
  }, [seen, name]);

  const { view, error } = series.entry(name);
  const shown = view.value;
  return html`<article class="card" ref=${frame} data-metric=${name}>
    <header>
      <h3 title=${name}>${name}</h3>
      <${Readout} summary=${summary} columns=${shown?.columns} point=${point} />
    </header>
    <div class="plot">
      ${seen && shown && html`<${Drawn} ...${{ summary, color, syncKey, columns: shown.columns, setPoint }} />`}
    </div>
    <footer>
      <${Oddities} columns=${shown?.columns} nonFinite=${Math.max(summary.nonFinite, shown?.nonFinite ?? 0)} />
      <${Problem} error=${error.value} announced=${false} />
    </footer>
  </article>`;
}

function Drawn({ summary, columns, color, syncKey, setPoint }) {
  const label = `${summary.name}: ${counted(summary.count, "point")}, last ${number(summary.last)}`;
  const lines = useMemo(() => [{ columns, color }], [columns, color]);
  return html`<${Chart} lines=${lines} label=${label} syncKey=${syncKey} onPoint=${setPoint} />`;
}

/** The value under the cursor, or the latest. */
function Readout({ summary, columns, point }) {
  if (point === null || columns?.x[point] === undefined) {
    return html`<p class="readout"><b>${number(summary.last)}</b></p>`;
  }
  const [low, high] = [columns.min[point], columns.max[point]];
  const range = low !== null && low !== high ? ` (${number(low)} to ${number(high)})` : "";
  return html`<p class="readout">
    <span>step ${count(columns.x[point])}</span> <b>${number(columns.last[point])}</b><span>${range}</span>
  </p>`;
}

/** What the line alone does not tell: where the metric stopped being a number. */
function Oddities({ columns, nonFinite }) {
  if (!nonFinite) return null;
  const [first] = columns ? breaks(columns) : [];
  const note = first
    ? `${number(first.value)} first at ${first.exactly ? "" : "about "}step ${count(first.x)}`
    : `${counted(nonFinite, "value")} NaN or infinite`;
  const more = first && nonFinite > 1 ? `, ${count(nonFinite)} in all` : "";
  return html`<p class="oddity">${note}${more}</p>`;
}

// What can be done with one chart: shown over the whole page, saved as a picture or as its points.
import { html, useEffect, useRef, useState } from "../lib.js";
import { Chart } from "./chart.js";
import { savePicture } from "./chart-picture.js";
import { Dialog } from "./dialog.js";

const LEAST_HEIGHT = 220;

/**
 * `title` names the chart, `note` what it is of; `chart` is what `Chart` takes: `{lines, label, axes, zoom}`. `downloads` is a list of
 * `{label, href}`, files of its points. `onFull` learns whether the chart is shown over the page, `above` stands over it there.
 */
export function ChartMenu({ title, note = "", chart, downloads = [], onFull = () => {}, above = null }) {
  const [open, setOpen] = useState(false);
  const [full, setFull] = useState(false);
  const button = useRef(null);
  const menu = useRef(null);
  useEffect(() => {
    if (open) menu.current?.querySelector("button, a")?.focus();
  }, [open]);

  const leave = () => {
    setOpen(false);
    button.current.focus();
  };
  const show = (shown) => {
    setFull(shown);
    onFull(shown);
  };
  const choose = (work) => () => {
    leave();
    work();
  };
  const picture = () => savePicture({ title, note, lines: chart.lines, axes: chart.axes, range: chart.zoom?.on(chart.axes.x) });
  const onKeyDown = (event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    leave();
  };
  const onFocusOut = ({ currentTarget, relatedTarget }) => {
    if (!currentTarget.contains(relatedTarget)) setOpen(false);
  };
  return html`<div class="chart-menu" onKeyDown=${onKeyDown} onFocusOut=${onFocusOut}>
    <button type="button" class="quiet icon" data-action="full-screen" aria-label=${`Chart ${title}: full screen`} title="Full screen" onClick=${() => show(true)}>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M9.500 3H13v3.500M6.500 13H3V9.500" /></svg>
    </button>
    <button type="button" class="quiet icon" ref=${button} aria-expanded=${open} aria-label=${`Chart ${title}: save`} title="Save" onClick=${() => setOpen(!open)}>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 3v7m-3-3 3 3 3-3M3.500 13h9" /></svg>
    </button>
    ${open &&
    html`<ul ref=${menu}>
      <li><button type="button" class="quiet" onClick=${choose(picture)}>Save as PNG</button></li>
      ${downloads.map(
        ({ label, href }) => html`<li key=${href}><a class="quiet" href=${href} download onClick=${leave}><bdi>${label}</bdi></a></li>`,
      )}
    </ul>`}
    ${full && html`<${Full} ...${{ title, note, chart, above }} onClose=${() => show(false)} />`}
  </div>`;
}

/** The chart takes what the bar above leaves, which is little on a phone. */
function Full({ title, note, chart, above, onClose }) {
  const room = useRef(null);
  const [height, setHeight] = useState(null);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setHeight(Math.max(LEAST_HEIGHT, Math.floor(contentRect.height))));
    observer.observe(room.current);
    return () => observer.disconnect();
  }, []);
  return html`<${Dialog} title=${title} class="chart-full" onClose=${onClose}>
    ${note && html`<p class="muted"><bdi>${note}</bdi></p>`}
    ${above}
    <div class="chart-room" ref=${room}>${height && html`<${Chart} ...${chart} height=${height} syncKey=${null} />`}</div>
  <//>`;
}

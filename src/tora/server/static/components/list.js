// A list of experiments with its search; the whole page and a workspace's page are made of it.
import { html, useEffect, useMemo, useRef } from "../lib.js";
import { query, setQuery } from "../router.js";
import { debounced } from "../throttle.js";
import { ExperimentTable } from "./experiment-table.js";
import { Empty, Problem, Search } from "./parts.js";

const TYPING_PAUSE = 200;
const MARGIN = "600px 0px";

/** `list` is made by createList; `nothing` is what to show when there is not one experiment. */
export function ExperimentList({ list, title, nothing }) {
  const text = (query.value.get("q") ?? "").trim();
  useEffect(() => {
    list.search(text);
  }, [list, text]);
  useEffect(() => list.keepCurrent(), [list]);
  const onText = useMemo(() => debounced((typed) => setQuery("q", typed), TYPING_PAUSE), []);

  const items = list.items.value;
  return html`<div class="list" aria-busy=${list.loading.value}>
    <div class="heading">
      <h1>${title}</h1>
      <${Search} label="Search names and tags" value=${text} onText=${onText} found=${text ? items?.length : null} />
    </div>
    <${Problem} error=${list.error.value} />
    ${items === null ? html`<${Waiting} shown=${!list.error.value} />` : html`<${Found} ...${{ items, text, nothing }} />`}
    <${LoadMore} list=${list} />
  </div>`;
}

function Found({ items, text, nothing }) {
  if (items.length > 0) return html`<${ExperimentTable} items=${items} />`;
  if (text === "") return nothing;
  return html`<${Empty} title="Nothing found">
    <p>No experiment has “${text}” in its name or tags.</p>
    <p><button type="button" onClick=${() => setQuery("q", "")}>Clear the search</button></p>
  <//>`;
}

/** Rows that hold the place, so that nothing jumps when the real ones come. */
function Waiting({ shown }) {
  if (!shown) return null;
  return html`<div class="waiting" aria-hidden="true">${[0, 1, 2, 3, 4, 5].map((row) => html`<span key=${row}></span>`)}</div>`;
}

/** Asks for the next page when the end of the list comes near. */
function LoadMore({ list }) {
  const end = useRef(null);
  const items = list.items.value;
  useEffect(() => {
    // Observed anew after each page: an end that stays in view would not be told again.
    const observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && list.more(), {
      rootMargin: MARGIN,
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [list, items?.length]);
  return html`<div class="end-of-list" ref=${end}></div>`;
}

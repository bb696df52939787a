// What narrows a list: words, an expression, tag, status, and whether the archived ones are in it.
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { sortOf, titleOf } from "../list-columns.js";
import { narrow } from "../state/narrow.js";
import { changeView } from "../state/view.js";
import { debounced } from "../throttle.js";
import { Search } from "./parts.js";

const TYPING_PAUSE = 200;
const EXPRESSION_PAUSE = 600;
const TAGS_OFFERED = 300;
const STATUSES = ["running", "finished", "failed", "stopped", "lost"];
const ARCHIVED = { no: "Not archived", yes: "Archived only", all: "With archived" };

/** `found` is what columns there are, `filterError` what is wrong with the expression, which may be told below instead of here. */
export function ListBar({ view, found, total, filterError, isToldBelow, columns, onColumns }) {
  const onText = useMemo(() => debounced((q) => changeView({ q: q.trim() }, { typed: true }), TYPING_PAUSE), []);
  const tags = (found?.tags ?? []).slice(0, TAGS_OFFERED).map(({ name }) => name);
  if (view.tag && !tags.includes(view.tag)) tags.unshift(view.tag);
  return html`<div class="list-bar">
    <${Search} label="Search names and tags" value=${view.q} onText=${onText} found=${view.q ? total : null} />
    <${Expression} value=${view.filter} error=${filterError} isToldBelow=${isToldBelow} />
    <div class="choices">
      <${Choice} label="Status" name="status" value=${view.status} options=${[["", "Any status"], ...STATUSES.map(asItself)]} />
      <${Choice} label="Tag" name="tag" value=${view.tag} options=${[["", "Any tag"], ...tags.map(asItself)]} />
      <${Choice} label="Archived" name="archived" value=${view.archived} options=${Object.entries(ARCHIVED)} />
      ${narrow.value && html`<${Order} sort=${view.sort} columns=${columns} />`}
      <button type="button" aria-haspopup="dialog" onClick=${onColumns}>Columns</button>
    </div>
  </div>`;
}

const asItself = (value) => [value, value];

function Choice({ label, name, value, options }) {
  const onChange = (event) => changeView({ [name]: event.currentTarget.value });
  return html`<select aria-label=${label} value=${value} onChange=${onChange}>
    ${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}
  </select>`;
}

/** Cards have no header to click on. */
function Order({ sort, columns }) {
  const sortable = columns.filter((column) => sortOf(column) !== null);
  const options = sortable.flatMap((column) => [
    [`-${sortOf(column)}`, `${titleOf(column)} ↓`],
    [sortOf(column), `${titleOf(column)} ↑`],
  ]);
  if (!options.some(([key]) => key === sort)) options.unshift([sort, sort]);
  return html`<${Choice} label="Order" name="sort" value=${sort} options=${options} />`;
}

/** While someone types, the field is theirs; Enter asks at once. */
function Expression({ value, error, isToldBelow }) {
  const field = useRef(null);
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (document.activeElement !== field.current) setTyped(value);
  }, [value]);
  const ask = (text) => changeView({ filter: text.trim() }, { typed: true });
  const askLater = useMemo(() => debounced(ask, EXPRESSION_PAUSE), []);
  const onInput = (event) => {
    setTyped(event.currentTarget.value);
    askLater(event.currentTarget.value);
  };
  const onKeyDown = (event) => event.key === "Enter" && ask(event.currentTarget.value);
  return html`<div class="expression">
    <input
      type="text"
      ref=${field}
      aria-label="Filter by an expression"
      aria-invalid=${error ? "true" : null}
      aria-describedby="expression-problem"
      placeholder="lr < 0.01 and acc.max > 0.9"
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
      value=${typed}
      onInput=${onInput}
      onKeyDown=${onKeyDown}
    />
    <p id="expression-problem" role="status">${!isToldBelow && error?.message}</p>
  </div>`;
}

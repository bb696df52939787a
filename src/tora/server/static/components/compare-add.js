// A field that finds experiments and adds one to the comparison.
import { isAborted, listExperiments } from "../api.js";
import { MOST } from "../comparison.js";
import { html, useEffect, useMemo, useState } from "../lib.js";
import { changeView } from "../state/compare-view.js";
import { debounced } from "../throttle.js";
import { Problem, Status } from "./parts.js";

const FOUND_AT_MOST = 8;
const TYPING_PAUSE = 150;

export function AddExperiment({ ids }) {
  const [text, setText] = useState("");
  const [{ items, error }, setFound] = useState({ items: [], error: null });
  const search = useMemo(() => searching(setFound), []);
  useEffect(() => search.close, []);
  const onInput = (event) => {
    setText(event.currentTarget.value);
    search.find(event.currentTarget.value.trim());
  };
  const add = (id) => {
    changeView((view) => ({ ids: [...view.ids, id].join() }));
    setText("");
    search.find("");
  };
  const others = items.filter(({ id }) => !ids.includes(id)).slice(0, FOUND_AT_MOST);
  const full = ids.length >= MOST;
  return html`<div class="add-experiment">
    <input
      type="text"
      value=${text}
      onInput=${onInput}
      disabled=${full}
      placeholder=${full ? `${MOST} are compared` : "Add an experiment"}
      aria-label="Find an experiment to add"
      autocomplete="off"
      spellcheck="false"
    />
    <${Problem} error=${error} announced=${false} />
    <p class="visually-hidden" role="status">${text && `${others.length} found`}</p>
    ${text &&
    html`<ul class="found">
      ${others.map(
        ({ id, name, status }) => html`<li key=${id}>
          <button type="button" class="quiet" onClick=${() => add(id)}><bdi>${name}</bdi><${Status} status=${status} /></button>
        </li>`,
      )}
      ${others.length === 0 && html`<li class="muted">No other experiment has this text.</li>`}
    </ul>`}
  </div>`;
}

/** The last search counts: earlier ones are given up. */
function searching(setFound) {
  let reader = new AbortController();
  const ask = debounced(async (text, { signal }) => {
    try {
      const { items } = await listExperiments({ q: text, limit: FOUND_AT_MOST * 3, signal });
      setFound({ items, error: null });
    } catch (error) {
      if (!isAborted(error)) setFound({ items: [], error });
    }
  }, TYPING_PAUSE);
  const find = (text) => {
    reader.abort();
    reader = new AbortController();
    if (text === "") setFound({ items: [], error: null });
    else ask(text, reader);
  };
  return { find, close: () => reader.abort() };
}

// The small pieces that pages are made of.
import { count, exact, relative } from "../format.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { now } from "../state/clock.js";

const STATUSES = new Set(["running", "finished", "failed", "stopped", "lost"]);
const SAY_COPIED_FOR = 1500;

/** Where an experiment is in its life: a dot and the word. */
export function Status({ status }) {
  const known = STATUSES.has(status) ? status : "unknown";
  return html`<span class="status" data-status=${known}><span class="dot" aria-hidden="true"></span>${status}</span>`;
}

/** A moment as "5 min ago", the exact one on hover. */
export function When({ instant }) {
  if (!instant) return null;
  return html`<time datetime=${instant} title=${exact(instant)}>${relative(instant, now.value)}</time>`;
}

export function Tags({ tags }) {
  if (!tags?.length) return null;
  return html`<ul class="tags" aria-label="Tags">
    ${tags.map((tag) => html`<li key=${tag} class="tag" title=${tag}>${tag}</li>`)}
  </ul>`;
}

/** A button that puts a text on the clipboard and says so; `text` may be what makes it, where that takes a while. */
export function Copy({ text, label, name = "Copy" }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(""), SAY_COPIED_FOR);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid(await written(typeof text === "function" ? text() : text));
  return html`<button type="button" class="quiet copy" onClick=${copy} aria-label=${label} title=${label}>
    <span aria-live="polite">${said || name}</span>
  </button>`;
}

async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    // Browsers give pages over plain HTTP no clipboard.
    return "Select it";
  }
}

/** Code that a newcomer can take over as it stands. */
export function Snippet({ code, label }) {
  return html`<div class="snippet">
    <pre tabindex="0" aria-label=${label}><code>${code}</code></pre>
    <${Copy} text=${code} label="Copy the code" />
  </div>`;
}

/** A page, or a part of one, that has nothing to show: why, and what to do. */
export function Empty({ title, children }) {
  return html`<div class="empty"><h2>${title}</h2>${children}</div>`;
}

/** What went wrong, while what was there before stays on the screen; `announced` where a page has but one. */
export function Problem({ error, announced = true }) {
  if (!error) return null;
  return html`<p class="problem" role=${announced ? "alert" : null}>${error.message}</p>`;
}

/** The field that "/" goes to. `onText` may tell late: while someone types, the field is theirs. */
export function Search({ label, value, onText, found = null }) {
  const field = useRef(null);
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (document.activeElement !== field.current) setTyped(value);
  }, [value]);
  const onInput = (event) => {
    setTyped(event.currentTarget.value);
    onText(event.currentTarget.value);
  };
  return html`<div class="search">
    <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.500" /><path d="m10.500 10.500 3 3" /></svg>
    <input
      type="search"
      ref=${field}
      placeholder=${label}
      aria-label=${label}
      aria-keyshortcuts="/"
      autocomplete="off"
      spellcheck="false"
      value=${typed}
      onInput=${onInput}
    />
    <kbd aria-hidden="true">/</kbd>
    <span class="visually-hidden" role="status">${found === null ? "" : `${count(found)} found`}</span>
  </div>`;
}

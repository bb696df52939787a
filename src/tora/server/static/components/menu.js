// A button with a list of links and actions below it; Escape and leaving it close it.
import { html, useEffect, useRef, useState } from "../lib.js";

/**
 * `items` are `{text, href}` or `{text, run}`, with `current` where the reader is and `apart` below a line; the button shows
 * `text`, or `label` alone with `hidesText`.
 */
export function Menu({ label, text, items, hidesText = false, class: kind = "" }) {
  const [open, setOpen] = useState(false);
  const button = useRef(null);
  const list = useRef(null);
  useEffect(() => {
    if (open) (list.current.querySelector("[aria-current]") ?? list.current.querySelector("a, button")).focus();
  }, [open]);
  const leave = () => {
    setOpen(false);
    button.current.focus();
  };
  const onKeyDown = (event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    event.preventDefault();
    leave();
  };
  const onFocusOut = ({ currentTarget, relatedTarget }) => {
    if (!currentTarget.contains(relatedTarget)) setOpen(false);
  };
  return html`<div class=${`menu ${kind}`} onKeyDown=${onKeyDown} onFocusOut=${onFocusOut}>
    <button type="button" class="quiet" ref=${button} aria-expanded=${open ? "true" : "false"} aria-label=${`${label}: ${text}`} title=${label} onClick=${() => setOpen(!open)}>
      <bdi>${hidesText ? label : text}</bdi>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4.500 6.500 3.500 3.500 3.500-3.500" /></svg>
    </button>
    ${open && html`<ul ref=${list}>${items.map((item, place) => html`<li key=${place} class=${item.apart ? "apart" : null}><${Item} item=${item} leave=${leave} /></li>`)}</ul>`}
  </div>`;
}

function Item({ item: { text, href, run, current = false }, leave }) {
  const choose = () => {
    leave();
    run();
  };
  if (href) return html`<a href=${href} aria-current=${current ? "page" : null} onClick=${leave}><bdi>${text}</bdi></a>`;
  return html`<button type="button" class="quiet" onClick=${choose}>${text}</button>`;
}

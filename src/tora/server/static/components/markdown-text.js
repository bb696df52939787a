// A user's text, formatted; as it is until the module that formats has come.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";

let formatter = null;

/** Fetch what formats, which pages without a text to format do without. */
export function prepareMarkdown() {
  formatter ??= import("../markdown.js");
  return formatter;
}

export function MarkdownText({ text }) {
  const place = useRef(null);
  const [format, setFormat] = useState(null);
  useEffect(() => {
    prepareMarkdown().then((module) => setFormat(() => module.showMarkdown));
  }, []);
  useLayoutEffect(() => {
    // The element is empty for Preact, so that nothing but this line changes what it holds.
    if (format) format(place.current, text);
    else place.current.textContent = text;
  }, [format, text]);
  return html`<div class="markdown" dir="auto" data-formatted=${format ? "" : null} ref=${place}></div>`;
}

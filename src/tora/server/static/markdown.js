// Markdown of users as elements: parsed, sanitised, put in place. The one module that makes elements of text.
//
// Two walls: the parser is given no way to pass HTML on (what is written as HTML shows as text), and what it makes goes
// through the sanitiser all the same, which knows only the few elements and attributes below.
import { Marked } from "./vendor/marked-18.2.1/marked.esm.js";
import createPurifier from "./vendor/dompurify-3.4.18/purify.es.mjs";

const ELEMENTS = [
  ...["a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong"],
  ...["table", "tbody", "td", "th", "thead", "tr", "ul"],
];
const ATTRIBUTES = ["href", "title", "start", "align"];
// Where a link may lead: the web, a mailbox, or a place on this server. All other schemes run or read something.
const LEADS = /^(?:https?:\/\/|mailto:|[/#?]|\.{1,2}\/)/i;

const marked = new Marked({
  gfm: true,
  async: false,
  renderer: {
    html: ({ text }) => escaped(text),
    // The content policy loads nothing from elsewhere: an image is a link to it.
    image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
    code: ({ text }) => `<pre><code>${escaped(text)}</code></pre>`,
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    // The page has its own first and second headings.
    heading({ tokens, depth }) {
      const level = Math.min(6, depth + 2);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
  },
});

const purifier = createPurifier(window);
purifier.addHook("afterSanitizeAttributes", (element) => {
  if (element.nodeName === "A") tame(element);
  if (element.nodeName === "PRE" || element.nodeName === "TABLE") element.setAttribute("tabindex", "0");
});

/** Replace what an element holds by a text's Markdown. */
export function showMarkdown(element, text) {
  element.replaceChildren(fragmentOf(text));
}

function fragmentOf(text) {
  return purifier.sanitize(marked.parse(text), {
    ALLOWED_TAGS: ELEMENTS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOWED_URI_REGEXP: LEADS,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

function tame(link) {
  if (!link.hasAttribute("href")) return;
  link.setAttribute("rel", "noopener noreferrer nofollow");
  if (link.origin !== location.origin) link.setAttribute("target", "_blank");
}

function escaped(text) {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

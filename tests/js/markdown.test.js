import { showMarkdown } from "/static/markdown.js";
import { equal, test } from "./harness.js";

function shown(text) {
  const element = document.createElement("div");
  showMarkdown(element, text);
  return element;
}

const HOSTILE = [
  "<script>window.ran = 1</script>",
  '<img src=x onerror="window.ran = 2">',
  "[click](javascript:window.ran=3)",
  "[click](JaVaScRiPt:window.ran=3)",
  "[click](java\nscript:alert(1))",
  "[click](data:text/html;base64,PHNjcmlwdD4=)",
  "[click](vbscript:x) [file](file:///etc/passwd)",
  "<javascript:window.ran=4>",
  "![a](javascript:window.ran=5)",
  '![" onload="window.ran=6](x" onerror="window.ran=7)',
  '[a](https://a.example "\\" onmouseover=\\"window.ran=8")',
  "<svg><style><img src=x onerror=window.ran=9></style></svg>",
  "<math><mtext></mtext><mglyph><style></math><img src onerror=window.ran=10>",
  "```html\n</code></pre><script>window.ran = 11</script>\n```",
  "`</code><script>window.ran = 12</script>`",
  '<a href="x" id="body" name="cookie">x</a><form><input name="attributes"></form>',
  "| <b onclick=window.ran=13>x</b> | b |\n|---|---|\n| <iframe srcdoc='<script>parent.ran=14</script>'> | d |",
  '<div style="position:fixed;inset:0">over the page</div>',
  "&lt;script&gt;window.ran = 15&lt;/script&gt; &#60;script&#62;",
];
const ALLOWED = new Set("a blockquote br code del em h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul".split(" "));
const ATTRIBUTES = new Set("href title start align rel target tabindex".split(" "));

for (const text of HOSTILE) {
  test(`nothing but plain elements comes of ${text}`, () => {
    const element = shown(text);
    document.body.append(element);
    const all = [...element.querySelectorAll("*")];
    equal(all.filter(({ localName }) => !ALLOWED.has(localName)).map(({ localName }) => localName), []);
    equal(all.flatMap((each) => each.getAttributeNames()).filter((name) => !ATTRIBUTES.has(name)), []);
    const schemes = [...element.querySelectorAll("a[href]")].map(({ protocol }) => protocol);
    equal(schemes.filter((scheme) => !["http:", "https:", "mailto:"].includes(scheme)), []);
    element.remove();
    equal(window.ran, undefined);
  });
}

test("what is written as HTML is read as text", () => {
  const text = "before <b>bold</b>\n\n<div>block</div>";
  equal(shown(text).textContent.trim().replace(/\s+/g, " "), "before <b>bold</b> <div>block</div>");
});

test("Markdown has its elements, headings below those of the page", () => {
  const element = shown("# One\n\n- [x] done\n- *em* **strong** ~~gone~~ `code`\n\n| a |\n|:-:|\n| 1 |\n\n> quoted");
  const names = [...element.querySelectorAll("*")].map(({ localName }) => localName);
  for (const name of ["h3", "ul", "li", "em", "strong", "del", "code", "table", "blockquote"]) equal([name, names.includes(name)], [name, true]);
  equal(element.querySelector("li").textContent.trim(), "☑ done");
});

test("a link tells nobody where it was clicked, and leads out of the page alone into a new tab", () => {
  const links = [...shown("[a](https://a.example/x) [b](/e/1) [c](#d)").querySelectorAll("a")];
  equal(links.map(({ rel }) => rel), Array(3).fill("noopener noreferrer nofollow"));
  equal(links.map(({ target }) => target), ["_blank", "", ""]);
});

test("an image is a link to it by its description", () => {
  const [described, bare] = shown("![a curve](https://a.example/c.png) ![](https://a.example/d.png)").querySelectorAll("a");
  equal([described.textContent, described.href], ["a curve", "https://a.example/c.png"]);
  equal(bare.textContent, "https://a.example/d.png");
});

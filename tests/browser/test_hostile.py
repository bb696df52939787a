"""What people log is shown as text, whatever it is: nothing of it runs, and nothing breaks the page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final
from urllib.parse import quote, urlsplit

import pytest
from attrs import frozen
from playwright.sync_api import Dialog, Page, Request, expect

from tests.browser import seeding
from tests.browser.conftest import EMPTY, Complaints, OpenPage
from tests.browser.surfaces import SURFACES, Filled, open_surface, opened, people
from tests.support import http
from tests.support.serving import serving
from tora import rendezvous

WIDTHS: Final = {"wide": (1440, 900), "phone": (390, 844)}

# Each would set `window.owned`, ask, or fetch /owned, if it were more than text.
MARKUP: Final = (
    "<script>window.owned=1</script>",
    "<img src=/owned onerror=window.owned=1>",
    '"><svg/onload=window.owned=1>',
    "'-alert(1)-'",
    "</title></textarea></style><iframe src=/owned>",
    "${window.owned=1}{{constructor.constructor('window.owned=1')()}}",
    "javascript:window.owned=1",
    "&lt;b&gt;&#60;&amp;",
)
ODD: Final = (
    "__proto__",
    "constructor",
    "toString",
    "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301\u0302\u0303 \u200b\ufeff",
    "abc\u202edcba\u2066 \u05d0\u05d1\u05d2 (1) 2/3",
    '\u0645\u0631\u062d\u0628\u0627 "loss" \'a\\b`c',
    "=cmd|' /C calc'!A0",
    "../../etc/passwd%00?#&a=b;c,d",
    "null",
)
HOSTILE: Final = (*MARKUP, *ODD)

_STREAMS: Final = ("stdout", "stderr")

NOTES: Final = (
    """# <img src=/owned onerror=window.owned=1>

[press](javascript:window.owned=1) [press](JaVaScRiPt&colon;window.owned=1) [press](data:text/html,<script>1</script>)
![picture](http://elsewhere.invalid/owned.png) <http://elsewhere.invalid/>

<script>window.owned=1</script>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=/owned onerror=window.owned=1&gt;">
<svg><animate onbegin=window.owned=1 attributeName=x dur=1s></svg><base href=http://elsewhere.invalid/>
<form action=http://elsewhere.invalid/><input name=a autofocus onfocus=window.owned=1></form>
<style>body { display: none }</style><div style="position:fixed;inset:0" id=main class=topbar>over all</div>

| a | b |
|---|---|
| """
    + "w" * 255
    + """ | `</code><script>window.owned=1</script>` |

    <script>window.owned=1</script>
"""
)

# What no text may become: handlers, frames, forms that lead away, addresses that run.
_FOREIGN: Final = """
() => [...document.querySelectorAll("*")]
  .filter((element) =>
    element.matches("iframe, object, embed, base, frame, form[action], body :is(script, style, link, meta)") ||
    (element.matches("img") && !/^(blob:|data:)/.test(element.src) && !element.src.includes("/static/")) ||
    element.getAttributeNames().some((name) => name.startsWith("on")) ||
    ["href", "src", "xlink:href", "formaction"].some((name) =>
      /^\\s*(javascript|vbscript|data:text)/i.test(element.getAttribute(name) ?? "")))
  .map((element) => element.outerHTML.slice(0, 200))
"""

# Text that changes the direction of writing must end with what holds it: a block of its own, or an isolate.
_ESCAPING: Final = """
() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!/[\\u202a-\\u202e]/.test(node.data)) continue;
    const held = (element) => {
      const { unicodeBidi, display } = getComputedStyle(element);
      if (/isolate|plaintext/.test(unicodeBidi)) return true;
      if (element.textContent.trim() !== node.data.trim()) return false;
      return display !== "inline" || held(element.parentElement);
    };
    if (!held(node.parentElement)) found.push(node.parentElement.outerHTML.slice(0, 200));
  }
  return found;
}
"""


@frozen
class _Watched:
    """A page on which nothing may happen by itself."""

    page: Page
    happened: list[str]

    def check(self) -> None:
        """Fail if anything ran, was made from text, or is wider than the window."""
        assert self.page.evaluate("typeof window.owned") == "undefined"
        assert self.happened == []
        assert self.page.evaluate(_FOREIGN) == []
        assert self.page.evaluate(_ESCAPING) == []
        wide = self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} px wider than the window"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A server whose experiments hold what nobody should have to read."""
    with serving(tmp_path_factory.mktemp("hostile") / "data") as server:
        ids = [_experiment(server.url, text, place) for place, text in enumerate(HOSTILE)]
        workspace, invitation = people(server, (MARKUP[1] + "w" * 255)[:100])
        for text in HOSTILE:
            for path in ("/workspaces", "/api-keys"):  # a key's name has to be printable
                made = http.request("POST", server.url + path, {"name": text}, key=server.key)
                assert made.status == 201 or (path, made.status, text.isprintable()) == ("/api-keys", 400, False)
        yield Filled(server.url, ids, rendezvous.opener(server.key), workspace, invitation)


def _experiment(server_url: str, text: str, place: int) -> str:
    everything = dict.fromkeys(HOSTILE, place if place % 2 else text)
    long = {"w" * 250: "v" * 255, "nested": {text: [text, {text: None}]}}
    experiment = seeding.create(
        server_url,
        (text + "w" * 255)[:255] if place % 3 == 0 else text,
        tags=[each[:50].strip() for each in (text, "t" * 50, "\u202etag")],
        hyperparams=everything | long,
        description=f"{text}\n{'w' * 255}",
    )
    names = [*HOSTILE, "w" * 250, f"{text}/loss"]
    logs = [
        {"name": name, "value": value, "step": step, "metadata": {text: text}}
        for name in dict.fromkeys(names)
        for step, value in enumerate([1.0, 2.0, "NaN", 1.5])
    ]
    sent = http.request("POST", f"{server_url}/experiments/{experiment}/logs/batch", {"logs": logs})
    assert sent.status == 201, sent.body
    noted = http.request("PATCH", f"{server_url}/experiments/{experiment}", {"notes": NOTES})
    assert noted.status == 200, noted.body
    if place:  # the first has neither, so that what is said of that is seen
        context = dict.fromkeys(("command", "script", "host", text), text) | {"packages": {text: text}, "gpus": [text]}
        printed = [(stream, f"\x00\x1b[31m{each}\x1b]0;{each}\x07\x1b[2J") for each in HOSTILE for stream in _STREAMS]
        seeding.tell(server_url, experiment, context | {"git": {"commit": text, "branch": text}}, printed)
    return experiment


def _dismiss(happened: list[str], dialog: Dialog) -> None:
    happened.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _note_payload(happened: list[str], request: Request) -> None:
    if urlsplit(request.url).path.startswith("/owned"):
        happened.append(f"request: {request.url}")


@pytest.fixture
def watched(open_page: OpenPage, hostile: Filled) -> _Watched:
    """A page of the hostile server that notes what happens on it."""
    page = open_page(EMPTY, server_url=hostile.url)
    happened: list[str] = []
    page.on("dialog", partial(_dismiss, happened))
    page.on("request", partial(_note_payload, happened))
    page.on("popup", lambda popup: happened.append(f"popup: {popup.url}"))
    return _Watched(page, happened)


def _all_names(page: Page) -> list[str]:
    page.wait_for_function("(count) => document.querySelectorAll('[data-id]').length >= count", arg=len(HOSTILE))
    names: list[str] = page.locator("[data-id] a[href^='/e/']").all_text_contents()
    return names


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_shows_names_and_tags_as_written(watched: _Watched, hostile: Filled, width: str) -> None:
    """Every name of the list is the text that was logged, and fits."""
    watched.page.set_viewport_size(dict(zip(("width", "height"), (WIDTHS[width][0], 3000), strict=True)))  # type: ignore[arg-type]
    open_surface(watched.page, SURFACES["list"], hostile)
    shown = _all_names(watched.page)
    for place, text in enumerate(HOSTILE):
        assert ((text + "w" * 255)[:255] if place % 3 == 0 else text).strip() in {name.strip() for name in shown}
    watched.check()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("place", [0, 1, 5, 8, 12])
def test_an_experiment_shows_everything_as_written(watched: _Watched, hostile: Filled, place: int, width: str) -> None:
    """Name, tags, hyperparameters and metric names are the text that was logged; the notes run nothing."""
    page = watched.page
    across, high = WIDTHS[width]
    page.set_viewport_size({"width": across, "height": high})
    page.goto(f"{hostile.url}/e/{hostile.ids[place]}")
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("h1")).to_contain_text(HOSTILE[place].strip()[:40])
    content = page.locator("main").text_content() or ""
    assert [text for text in HOSTILE if text not in content] == []
    watched.check()
    page.mouse.move(across / 2, high / 2)
    for _ in range(8):
        page.mouse.wheel(0, high)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    watched.check()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_comparison_shows_everything_as_written(watched: _Watched, hostile: Filled, width: str) -> None:
    """Names, hyperparameters and metrics of compared experiments are the text that was logged, and fit."""
    page = watched.page
    page.set_viewport_size({"width": WIDTHS[width][0], "height": WIDTHS[width][1]})
    page.goto(f"{hostile.url}/compare?ids={','.join(hostile.ids[:6])}")
    expect(page.locator(".chart canvas").first).to_be_visible()
    content = page.locator("main").text_content() or ""
    assert [text for text in HOSTILE if text not in content] == []
    watched.check()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_about_people_show_names_as_written(watched: _Watched, hostile: Filled, width: str) -> None:
    """Names of workspaces and keys are the text that was typed, on pages, in menus and in dialogs, and fit."""
    watched.page.set_viewport_size({"width": WIDTHS[width][0], "height": WIDTHS[width][1]})
    about = ("invitation", "settings", "workspace", "menu", "experiment, moved")
    for surface in [each for name, each in SURFACES.items() if name.startswith(about) and not each.complaint]:
        open_surface(watched.page, surface, hostile)
        watched.check()
    open_surface(watched.page, SURFACES["settings, keys"], hostile)
    names = watched.page.locator("tbody th").all_text_contents()
    assert {text for text in HOSTILE if text.isprintable()} <= set(names)
    watched.page.get_by_role("button", name="Workspace: ").click()
    places = {each.strip() for each in watched.page.locator(".switcher li").all_text_contents()}
    assert {text.strip() for text in HOSTILE} <= places


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["list", "experiment", "compare", "settings, keys", "workspace, settings"])
def test_what_opens_is_as_safe(watched: _Watched, hostile: Filled, name: str, width: str) -> None:
    """Pickers, menus and dialogs list hostile names as text too, inside the window."""
    watched.page.set_viewport_size({"width": WIDTHS[width][0], "height": WIDTHS[width][1]})
    for _ in opened(watched.page, SURFACES[name], hostile):
        watched.check()


@pytest.mark.parametrize(
    "address",
    [
        "/?q={}",
        "/?filter={}",
        "/?tag={}&sort={}&status={}&column=spark:{}&column=param:{}",
        "/e/{name}",
        "/w/{name}",
        "/compare?ids={}&group={}",
    ],
)
def test_an_address_runs_nothing(watched: _Watched, hostile: Filled, complaints: Complaints, address: str) -> None:
    """What a link puts into the address is text as well, in errors too."""
    complaints.expect("Failed to load resource")
    page = watched.page
    # A slash would make another address of a path; the server answers that one with no page.
    name = quote("".join(MARKUP).replace("/", "")[:60], safe="")
    page.goto(hostile.url + address.replace("{}", quote("".join(MARKUP), safe="")).replace("{name}", name))
    expect(page.locator("main :is(.problem, .empty, [data-id], [aria-invalid=true])").first).to_be_visible()
    watched.check()


def test_text_of_255_characters_can_be_read_in_full(watched: _Watched, hostile: Filled) -> None:
    """A name that does not fit is cut to the eye alone: its whole text is in the page and on hover."""
    open_surface(watched.page, SURFACES["list"], hostile)
    whole = (HOSTILE[0] + "w" * 255)[:255]
    watched.page.goto(f"{hostile.url}/?q={quote('script')}")
    link = watched.page.get_by_role("link", name=whole).first
    expect(link).to_have_attribute("title", whole)

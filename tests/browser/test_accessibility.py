"""What axe finds on every page, and whether a keyboard alone is enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import EMPTY, Complaints, OpenPage
from tests.browser.surfaces import SURFACES, Filled, fill, open_surface, opened
from tests.support.serving import serving
from tests.support.source import ROOT

AXE: Final = next((ROOT / "tests" / "browser" / "vendor").glob("axe-core-*/axe.min.js")).read_text(encoding="utf-8")
WIDTHS: Final = {"wide": (1440, 900), "phone": (390, 844)}
# A theme changes colours alone.
THEMES: Final[Mapping[Literal["light", "dark"], Sequence[str] | None]] = {"light": None, "dark": ["color-contrast"]}
PEOPLE: Final = ("settings, keys", "settings, users", "workspace, settings")
MOST_STOPS: Final = 400

# The page's own policy allows no script from elsewhere; what a debugger evaluates is not under it.
_RUN_AXE: Final = """
async (only) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...(only && { runOnly: only }) });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\\n${failureSummary}`));
}
"""

# Where the keyboard is, and whether a reader sees it: an outline of its own or that of what holds it.
_STOP: Final = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const known = (window.stops ??= new Map());
  if (!known.has(at)) known.set(at, known.size);
  const outlined = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
  };
  const box = at.getBoundingClientRect();
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return {
    number: known.get(at),
    html: at.outerHTML.slice(0, 200),
    seen: box.width > 0 && box.height > 0 && inside && outlined(at),
  };
}
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A server of this module's own, with one set of experiments."""
    with serving(tmp_path_factory.mktemp("surfaces") / "data") as server:
        yield fill(server)


def _violations(page: Page, only: Sequence[str] | None = None) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(_RUN_AXE, only)
    return found


def _stop(page: Page, key: str = "Tab") -> dict[str, Any] | None:
    page.keyboard.press(key)
    found: dict[str, Any] | None = page.evaluate(_STOP)
    return found


@pytest.mark.parametrize("name", SURFACES)
def test_axe_finds_nothing_serious(open_page: OpenPage, filled: Filled, complaints: Complaints, name: str) -> None:
    """No page has a serious or critical violation, in either theme, on a desk or a phone."""
    surface = SURFACES[name]
    if surface.complaint:
        complaints.expect(surface.complaint)
    page = open_page(EMPTY, server_url=filled.url)
    found: dict[tuple[str, str], list[str]] = {}
    for width, (across, high) in WIDTHS.items():
        page.set_viewport_size({"width": across, "height": high})
        # To load a page takes five times what axe does; a window that becomes narrow may close what was opened in it.
        if not found or surface.then is not None:
            open_surface(page, surface, filled)
        for theme, rules in THEMES.items():
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found[width, theme] = _violations(page, rules)
    assert {where: violations for where, violations in found.items() if violations} == {}


@pytest.mark.parametrize(
    "name", ["list", "experiment", "compare", "settings, keys", "settings, users", "workspace, settings"]
)
def test_axe_finds_nothing_serious_in_what_opens(open_page: OpenPage, filled: Filled, name: str) -> None:
    """Each menu, panel and dialog that a button of the page opens is as good as the page."""
    page = open_page(EMPTY, server_url=filled.url)
    found = {kind: _violations(page) for kind in opened(page, SURFACES[name], filled)}
    assert {kind: violations for kind, violations in found.items() if violations} == {}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name", ["list", "experiment", "compare", "settings", "experiment unknown", "no such page", "sign in", *PEOPLE]
)
def test_a_keyboard_sees_where_it_is(
    open_page: OpenPage, filled: Filled, complaints: Complaints, name: str, width: str
) -> None:
    """Tab leads through the controls of a page and out of it, and each is outlined and in the window."""
    surface = SURFACES[name]
    if surface.complaint:
        complaints.expect(surface.complaint)
    across, high = WIDTHS[width]
    page = open_page(EMPTY, server_url=filled.url, width=across, height=high)
    open_surface(page, surface, filled)
    reached: list[dict[str, Any]] = []
    while (stop := _stop(page)) is not None and stop["number"] >= len(reached):
        reached.append(stop)
        assert len(reached) < MOST_STOPS, "Tab never leaves the page"
    assert reached
    assert [stop["html"] for stop in reached if not stop["seen"]] == []


def test_the_first_stop_skips_the_bar(open_page: OpenPage, filled: Filled) -> None:
    """The first press of Tab offers to go to the content, and the next stop is in it."""
    page = open_page("/", server_url=filled.url)
    expect(page.locator("[data-id]").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_nothing_moves_for_those_who_want_that(open_page: OpenPage, filled: Filled) -> None:
    """With reduced motion asked for, no animation or transition runs on any page."""
    page = open_page(EMPTY, server_url=filled.url)
    for name in ("list", "experiment", "compare"):
        open_surface(page, SURFACES[name], filled)
        moving = page.evaluate("document.getAnimations().map(({ effect }) => effect.target?.outerHTML ?? '?')")
        assert (name, moving) == (name, [])

"""How the pages look: themes, widths, and the pictures that people look at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.conftest import Complaints, OpenPage
from tests.support.serving import Server, serving

WIDTHS = {"wide": (1440, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server with a week of work on it, and the id of its most interesting experiment."""
    with serving(tmp_path_factory.mktemp("gallery") / "data") as server:
        yield server.url, seeding.gallery(server.url)


def _background(page: Page) -> str:
    color: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return color


def _overflow(page: Page) -> int:
    pixels: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return pixels


@pytest.mark.parametrize(("theme", "width"), [("light", "wide"), ("dark", "phone")])
def test_pages_look_as_they_should(
    open_page: OpenPage, gallery: tuple[str, str], screenshots: Path, theme: str, width: str
) -> None:
    """List, experiment and settings fit the window, and their pictures are kept."""
    server_url, experiment = gallery
    across, high = WIDTHS[width]
    page = open_page("/", server_url=server_url, width=across, height=high, color_scheme=theme)
    expect(page.locator("tbody tr")).to_have_count(8)
    assert _overflow(page) == 0
    page.screenshot(path=screenshots / f"list-{theme}-{width}.png")
    page.goto(f"/e/{experiment}")
    expect(page.locator(".chart canvas").first).to_be_visible()
    assert _overflow(page) == 0
    page.screenshot(path=screenshots / f"experiment-{theme}-{width}.png")
    page.goto("/settings")
    expect(page.locator(".server dd").nth(1)).not_to_have_text("…")
    assert _overflow(page) == 0
    page.screenshot(path=screenshots / f"settings-{theme}-{width}.png")


def test_text_without_spaces_does_not_widen_a_phone(open_page: OpenPage, server: Server) -> None:
    """The longest names, tags and values wrap or are cut, and nothing scrolls sideways."""
    long = "w" * 250
    experiment = seeding.create(
        server.url, long, tags=["t" * 50, "u" * 50], hyperparams={long: long}, description=long * 4
    )
    seeding.log(server.url, experiment, {f"{'p' * 120}/{'m' * 120}": seeding.steps([1.0, math.nan])})
    listed = open_page(f"/?q={long}", width=390, height=844)
    expect(listed.locator("tbody tr")).to_be_visible()
    assert _overflow(listed) == 0
    page = open_page(f"/e/{experiment}", width=390, height=844)
    page.locator(".card").scroll_into_view_if_needed()
    expect(page.locator(".chart canvas")).to_be_visible()
    assert _overflow(page) == 0


def test_the_theme_follows_the_system_until_it_is_chosen(open_page: OpenPage) -> None:
    """The button changes the theme, charts' ground included, and a reload keeps it."""
    page = open_page("/settings", color_scheme="dark")
    dark = _background(page)
    page.get_by_role("button", name="Switch to the light theme").click()
    expect(page.get_by_role("button", name="Switch to the dark theme")).to_be_visible()
    light = _background(page)
    assert light != dark
    page.reload()
    assert _background(page) == light
    page.get_by_label("As the system").check()
    assert _background(page) == dark


def test_charts_change_colour_with_the_theme(open_page: OpenPage, server: Server) -> None:
    """A chart that is drawn already is drawn again in the colours of the new theme."""
    experiment = seeding.create(server.url, "colours")
    seeding.log(server.url, experiment, {"loss": seeding.steps([1.0, 2.0, 3.0])})
    page = open_page(f"/e/{experiment}", color_scheme="dark")
    canvas = page.locator(".chart canvas")
    expect(canvas).to_be_visible()
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")
    page.get_by_role("button", name="Switch to the light theme").click()
    page.wait_for_function("(before) => document.querySelector('.chart canvas').toDataURL() !== before", arg=before)


def test_an_address_that_leads_nowhere_says_so(open_page: OpenPage, complaints: Complaints) -> None:
    """A page of the dashboard that does not exist has its own page, with a way back."""
    complaints.expect("404 (Not Found)")
    page = open_page("/nowhere/at/all")
    expect(page.get_by_role("heading", name="No such page")).to_be_visible()
    page.get_by_role("link", name="See the experiments").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Experiments")
    page.go_back()
    expect(page.get_by_role("heading", name="No such page")).to_be_visible()

"""The keys of the list, and the overlay that names them."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.support.serving import Server


@pytest.fixture
def listed(open_page: OpenPage, server: Server) -> tuple[Page, list[str]]:
    """A page that lists four experiments, and their ids from first to last."""
    word = f"w{uuid.uuid4().hex[:10]}"
    made = [seeding.create(server.url, f"{word} {place}") for place in range(4)]
    page = open_page(f"/?q={word}&sort=name")
    expect(page.locator("tbody tr")).to_have_count(4)
    return page, made


def _focused(page: Page, experiment: str) -> None:
    expect(page.locator(f"tr[data-id='{experiment}'] a")).to_be_focused()
    expect(page.locator("tr[data-cursor]")).to_have_attribute("data-id", experiment)


def test_j_and_k_move_over_the_rows_and_enter_opens(listed: tuple[Page, list[str]]) -> None:
    """The keys move the focus from row to row, not beyond the ends, and Enter opens the row."""
    page, made = listed
    page.keyboard.press("j")
    _focused(page, made[0])
    page.keyboard.press("k")
    _focused(page, made[0])
    for _ in range(5):
        page.keyboard.press("j")
    _focused(page, made[3])
    page.keyboard.press("k")
    _focused(page, made[2])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/e/{made[2]}$"))


def test_x_selects_c_compares_and_escape_clears(listed: tuple[Page, list[str]]) -> None:
    """Rows are selected, a range of them too, and compared without a mouse."""
    page, made = listed
    bar = page.get_by_role("group", name="Selected experiments")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 experiment")
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    expect(page.locator("tr[data-cursor]")).to_have_count(0)
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(r"/\?q="))
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("X")
    expect(bar).to_contain_text("3 experiments")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(rf"/compare\?ids={made[0]},{made[1]},{made[2]}$"))


def test_keys_typed_in_fields_are_text(listed: tuple[Page, list[str]]) -> None:
    """What is typed in a field does nothing else; Escape leaves the search."""
    page, _ = listed
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.press("End")
    search.press_sequentially(" xjc?")
    expect(search).to_have_value(re.compile(r" xjc\?$"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()


def test_the_overlay_lists_the_keys(listed: tuple[Page, list[str]], open_page: OpenPage) -> None:
    """The overlay shows the keys of this page, which rest meanwhile; Escape closes it and gives the focus back."""
    page, made = listed
    page.keyboard.press("j")
    page.keyboard.press("?")
    overlay = page.get_by_role("dialog", name="Keys of this page")
    for key, label in (("j", "Next row"), ("x", "Select the row"), ("c", "Compare"), ("/", "search"), ("Esc", "Clear")):
        line = overlay.locator("dl > div").filter(has=page.locator("kbd", has_text=re.compile(f"^{re.escape(key)}$")))
        expect(line).to_contain_text(label)
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(overlay).to_have_count(0)
    _focused(page, made[0])
    settings = open_page("/settings")
    settings.keyboard.press("?")
    expect(settings.get_by_role("dialog").locator("dt")).to_have_text(["/", "?"])

"""A list that is longer than the screen, and than a page of the server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.support import http
from tests.support.serving import Server, serving

MANY = 650


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with more experiments than three pages of the list hold."""
    with serving(tmp_path_factory.mktemp("crowded") / "data") as server:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda place: seeding.create(server.url, f"run {place:04}"), range(MANY)))
        yield server


def _scroll(page: Page, row: int) -> None:
    page.locator(".scroller").evaluate("(box, top) => { box.scrollTop = top; }", row * 40)


def test_only_the_rows_on_the_screen_exist(open_page: OpenPage, crowded: Server) -> None:
    """However long the list, few rows are in the document, and a screen reader is told where they stand."""
    page = open_page("/?sort=name", server_url=crowded.url)
    expect(page.locator(".heading p")).to_have_text(f"{MANY} experiments")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", str(MANY + 1))
    expect(page.get_by_role("link", name="run 0000")).to_be_visible()
    assert page.locator("tbody tr").count() < 60
    _scroll(page, 300)
    expect(page.get_by_role("link", name="run 0305")).to_be_in_viewport()
    expect(page.locator("tbody tr").filter(has_text="run 0305")).to_have_attribute("aria-rowindex", "307")
    assert page.locator("tbody tr").count() < 60


def test_the_end_is_reached_at_once(open_page: OpenPage, crowded: Server) -> None:
    """A jump to the end loads what lies between, each experiment once, and the row stands where it should."""
    page = open_page("/?sort=name", server_url=crowded.url)
    expect(page.get_by_role("link", name="run 0000")).to_be_visible()
    _scroll(page, MANY)
    last = page.locator("tbody tr").filter(has_text=f"run {MANY - 1:04}")
    expect(last).to_be_in_viewport()
    expect(last).to_have_attribute("aria-rowindex", str(MANY + 1))


def test_coming_back_shows_the_same_rows(open_page: OpenPage, crowded: Server) -> None:
    """The way back from an experiment leads to where the list was left."""
    page = open_page("/?sort=name", server_url=crowded.url)
    expect(page.get_by_role("link", name="run 0000")).to_be_visible()
    _scroll(page, 400)
    page.get_by_role("link", name="run 0405").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("run 0405")
    page.go_back()
    expect(page.get_by_role("link", name="run 0405")).to_be_in_viewport()


def test_the_cursor_goes_on_beyond_the_screen(open_page: OpenPage, crowded: Server) -> None:
    """The key for the next row scrolls when it leaves the screen."""
    page = open_page("/?sort=name", server_url=crowded.url)
    expect(page.get_by_role("link", name="run 0000")).to_be_visible()
    for _ in range(41):
        page.keyboard.press("j")
    expect(page.get_by_role("link", name="run 0040")).to_be_focused()
    expect(page.get_by_role("link", name="run 0040")).to_be_in_viewport()


def test_rows_far_down_are_kept_current(open_page: OpenPage, crowded: Server) -> None:
    """A status that changes beyond the first page changes on the screen."""
    name = f"z{uuid.uuid4().hex[:10]}"
    experiment = seeding.create(crowded.url, name)
    page = open_page("/?sort=name", server_url=crowded.url)
    expect(page.get_by_role("link", name="run 0000")).to_be_visible()
    _scroll(page, MANY + 10)
    row = page.locator(f"tr[data-id='{experiment}']")
    expect(row.locator(".status")).to_have_text("running")
    seeding.finish(crowded.url, experiment, "failed")
    expect(row.locator(".status")).to_have_text("failed", timeout=15_000)
    http.request("DELETE", f"{crowded.url}/experiments/{experiment}")


def test_all_are_loaded_whenever_they_are_asked_for(open_page: OpenPage, crowded: Server) -> None:
    """Who asks for all while the loading of fewer is about to end is not told that they are there."""
    page = open_page("/?sort=name", server_url=crowded.url)
    loaded = page.evaluate("""async () => {
        const { createList } = await import("/static/state/experiments.js");
        const counts = [];
        for (let later = 0; later < 8; later += 1) {
            const list = createList();
            await list.show({ sort: "name" });
            list.ensure(10);
            for (let tick = 0; tick < later; tick += 1) await null;
            await list.ensure(Infinity);
            counts.push(list.items.value.length);
        }
        return counts;
    }""")
    assert loaded == [MANY] * 8


def test_all_can_be_selected_though_few_are_loaded(open_page: OpenPage, crowded: Server) -> None:
    """The box in the header selects all that the list finds."""
    page = open_page("/?sort=name", server_url=crowded.url)
    expect(page.get_by_role("link", name="run 0000")).to_be_visible()
    page.get_by_label("Select all experiments of the list").click()
    expect(page.get_by_role("group", name="Selected experiments")).to_contain_text(f"{MANY} experiments")

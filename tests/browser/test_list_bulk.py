"""What is done to several experiments of the list at once, and undone."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import seeding
from tests.browser.conftest import Complaints, OpenPage
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server


@pytest.fixture
def word() -> str:
    """What only the experiments of one test have in their names."""
    return f"w{uuid.uuid4().hex[:10]}"


def _many(server: Server, word: str, how_many: int = 4) -> list[str]:
    return [seeding.create(server.url, f"{word} {place}", tags=["kept"]) for place in range(how_many)]


def _known(server: Server, experiment: str) -> Any:
    return http.request("GET", f"{server.url}/experiments/{experiment}").json()["data"]


def _is_gone(server: Server, experiment: str) -> bool:
    return http.request("GET", f"{server.url}/experiments/{experiment}").status == 404


def _select(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Select {name}", exact=True).check()


def test_a_range_is_selected_with_shift(open_page: OpenPage, server: Server, word: str) -> None:
    """Shift selects all between two clicks, and compare gets exactly what is selected."""
    made = _many(server, word)
    page = open_page(f"/?q={word}&sort=name")
    _select(page, f"{word} 0")
    page.get_by_label(f"Select {word} 2").click(modifiers=["Shift"])
    bar = page.get_by_role("group", name="Selected experiments")
    expect(bar).to_contain_text("3 experiments")
    link = bar.get_by_role("link", name="Compare")
    expect(link).to_have_attribute("href", f"/compare?ids={','.join(made[:3])}")
    page.get_by_label("Select all experiments of the list").check()
    expect(bar).to_contain_text("4 experiments")
    page.get_by_label("Select all experiments of the list").uncheck()
    expect(bar).to_have_count(0)


def test_a_selection_outlasts_another_search(open_page: OpenPage, server: Server, word: str) -> None:
    """What was selected under one search stays under another, and the bar says how many are not in view."""
    _many(server, word)
    page = open_page(f"/?q={word}")
    _select(page, f"{word} 0", f"{word} 1")
    page.get_by_role("searchbox").fill(f"{word} 3")
    expect(page.locator("tbody tr")).to_have_count(1)
    bar = page.get_by_role("group", name="Selected experiments")
    expect(bar).to_contain_text("2 experiments 2 not in view")
    _select(page, f"{word} 3")
    expect(bar).to_contain_text("3 experiments 2 not in view")


def test_archiving_can_be_undone(open_page: OpenPage, server: Server, word: str) -> None:
    """Archived experiments leave the list at once; undo brings them back as they were."""
    made = _many(server, word)
    page = open_page(f"/?q={word}")
    _select(page, f"{word} 1", f"{word} 2")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator(".heading p")).to_have_text("2 experiments")
    expect(page.locator(".toast")).to_contain_text("2 experiments archived.")
    assert [_known(server, each)["archived"] for each in made] == [False, True, True, False]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    assert not any(_known(server, each)["archived"] for each in made)


def test_a_tag_is_put_on_many_and_taken_off(open_page: OpenPage, server: Server, word: str) -> None:
    """A tag goes to all that are selected, can be taken off them, and each change undone by itself."""
    made = _many(server, word)
    page = open_page(f"/?q={word}&column=name&column=tags&sort=name")
    _select(page, f"{word} 0", f"{word} 1")
    page.get_by_role("button", name="Tags", exact=True).click()
    page.get_by_label("A tag to add").fill("fresh <b>")
    page.keyboard.press("Enter")
    expect(page.locator(f"tr[data-id='{made[0]}'] .tag")).to_have_text(["kept", "fresh <b>"])
    page.get_by_role("button", name="Remove kept").click()
    expect(page.locator(f"tr[data-id='{made[1]}'] .tag")).to_have_text(["fresh <b>"])
    expect(page.locator(f"tr[data-id='{made[2]}'] .tag")).to_have_text(["kept"])
    assert _known(server, made[0])["tags"] == ["fresh <b>"]
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.locator(f"tr[data-id='{made[1]}'] .tag")).to_have_text(["kept", "fresh <b>"])
    assert _known(server, made[0])["tags"] == ["kept", "fresh <b>"]


def test_deleting_waits_for_an_undo(open_page: OpenPage, server: Server, word: str) -> None:
    """Deleted experiments leave the list at once but not the server; undo shows them again, dismissing deletes."""
    made = _many(server, word)
    page = open_page(f"/?q={word}&sort=name")
    _select(page, f"{word} 0", f"{word} 1")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert _known(server, made[0])["id"] == made[0]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    _select(page, f"{word} 0")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Dismiss").click()
    until(lambda: _is_gone(server, made[0]), "experiment deleted")
    expect(page.locator("tbody tr")).to_have_count(3)
    assert not _is_gone(server, made[1])


def test_leaving_the_page_deletes(open_page: OpenPage, server: Server, word: str) -> None:
    """What is deleted when the page is left is deleted then, not forgotten."""
    made = _many(server, word, 3)
    page = open_page(f"/?q={word}")
    page.get_by_label("Select all experiments of the list").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.goto("about:blank")
    until(lambda: all(_is_gone(server, each) for each in made), "experiments deleted")


def test_what_has_left_the_list_is_counted_once(open_page: OpenPage, server: Server, word: str) -> None:
    """An event about an experiment that was archived here meanwhile takes nothing more from the list."""
    _many(server, word)
    page = open_page(f"/?q={word}")
    told: list[Route] = []
    asked = re.compile(r"/experiments\?.*\bid=")
    page.route(asked, lambda route: told.append(route))  # noqa: PLW0108  # Playwright marks what it calls
    _select(page, f"{word} 1")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(3)
    until(lambda: bool(page.evaluate("1")) and bool(told), "question that the event brings")
    with page.expect_response(asked):
        told[0].fallback()
    expect(page.locator(".heading p")).to_have_text("3 experiments")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(page.locator("tbody tr")).to_have_count(3)


def test_failures_are_told_and_the_rest_stays(
    open_page: OpenPage, server: Server, word: str, complaints: Complaints
) -> None:
    """Where some changes fail the others stay, and the page says how many failed and why."""
    complaints.expect("503 (Service Unavailable)")
    made = _many(server, word)
    page = open_page(f"/?q={word}&sort=name")

    def refuse(route: Route) -> None:
        error = {"code": "full", "message": "the disk is full"}
        if route.request.method == "PATCH":
            route.fulfill(status=503, json={"ok": False, "error": error})
        else:
            route.fallback()

    page.route(re.compile(rf"/experiments/{made[1]}$"), refuse)
    page.get_by_label("Select all experiments of the list").check()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.locator(".toast.failed")).to_contain_text("1 of 4 experiments could not be changed: the disk is full")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert [_known(server, each)["archived"] for each in made] == [True, False, True, True]


def test_no_more_than_six_requests_run_at_once(open_page: OpenPage, server: Server, word: str) -> None:
    """Many experiments are changed a few at a time, so that the server and the page stay free."""
    _many(server, word, 15)
    page = open_page(f"/?q={word}")
    held: list[Route] = []
    page.route(
        re.compile(r"/experiments/[^/?]+$"),
        lambda route: held.append(route) if route.request.method == "PATCH" else route.fallback(),
    )
    page.get_by_label("Select all experiments of the list").check()
    page.get_by_role("button", name="Archive", exact=True).click()
    done = 0
    while done < 15:
        until(lambda: bool(page.evaluate("1")) and bool(held), "next request")
        assert len(held) <= 6
        held.pop(0).fallback()
        done += 1
    expect(page.locator(".toast")).to_contain_text("15 experiments archived.")

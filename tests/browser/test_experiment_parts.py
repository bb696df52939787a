"""The parts of an experiment's page: charts that are searched and pinned, results, writers, keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server


def _card(page: Page, metric: str) -> Locator:
    return page.locator(f"[data-metric='{metric}']")


def _logged(server: Server, name: str, *metrics: str) -> str:
    experiment = seeding.create(server.url, name)
    seeding.log(server.url, experiment, {metric: seeding.steps([3.0, 1.0, 2.0]) for metric in metrics})
    return experiment


def _post(server: Server, path: str, body: dict[str, Any]) -> None:
    assert http.request("POST", f"{server.url}/experiments/{path}", body).status in {200, 201}


def _write(server: Server, experiment: str, writer: str, count: int) -> None:
    logs = [{"name": "reward", "value": 1.0, "step": step} for step in range(count)]
    _post(server, f"{experiment}/logs/batch", {"writer": writer, "firstSeq": 1, "logs": logs})


def test_metrics_are_searched_by_regex(open_page: OpenPage, server: Server) -> None:
    """An expression finds charts; what is none says so and is looked for as it stands; the address keeps it."""
    experiment = _logged(server, "regex", "val/acc (top-1)", *(f"train/layer{layer}" for layer in range(12)))
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".card")).to_have_count(13)
    page.keyboard.press("/")
    page.keyboard.type(r"layer1\d$")
    expect(page.locator(".card h3")).to_have_text(["train/layer10", "train/layer11"])
    page.reload()
    expect(page.locator(".card h3")).to_have_text(["train/layer10", "train/layer11"])
    page.get_by_label("Find metrics").fill("acc (")
    expect(page.locator(".hint")).to_contain_text("No regular expression")
    expect(page.locator(".card h3")).to_have_text(["val/acc (top-1)"])
    page.get_by_label("Find metrics").fill("nothing has this")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".card")).to_have_count(13)


def test_a_search_looks_into_folded_groups(open_page: OpenPage, server: Server) -> None:
    """What a search finds is seen though its group is folded, and the group stays folded after."""
    experiment = _logged(server, "folded", *(f"f/{letter}" for letter in "abcdef"), "other/x")
    page = open_page(f"/e/{experiment}")
    page.locator("summary", has_text="f").first.click()
    expect(_card(page, "f/a")).to_have_count(0)
    page.get_by_label("Find metrics").fill("f/a")
    expect(_card(page, "f/a")).to_be_visible()
    page.get_by_label("Find metrics").fill("")
    expect(_card(page, "other/x")).to_be_visible()
    expect(_card(page, "f/a")).to_have_count(0)


def test_pinned_metrics_come_first_in_all_runs_of_a_name(open_page: OpenPage, server: Server) -> None:
    """A pin brings a chart into a group at the top, in the next experiment of that name too, until it is let go."""
    first = _logged(server, "pins of a name", "a/x", "b/y")
    second = _logged(server, "pins of a name", "a/x", "b/y")
    page = open_page(f"/e/{first}")
    page.get_by_role("button", name="Pin b/y").click()
    expect(page.locator(".group h2")).to_have_text(["Pinned", "a"])
    page.goto(f"/e/{second}")
    expect(page.locator(".group h2")).to_have_text(["Pinned", "a"])
    expect(page.locator(".group").first.locator("h3")).to_have_text("b/y")
    page.get_by_role("button", name="Pin b/y").click()
    expect(page.locator(".group h2")).to_have_text(["a", "b"])


def test_results_are_a_table_to_sort_and_copy(open_page: OpenPage, server: Server) -> None:
    """Each metric has a row with its numbers; a click on a column sorts, and the whole is copied as CSV."""
    experiment = seeding.create(server.url, "results")
    seeding.log(
        server.url, experiment, {"a": seeding.steps([1.0, 5.0]), "b": seeding.steps([9.0, 0.1234567, float("nan")])}
    )
    page = open_page(f"/e/{experiment}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Results").click()
    rows = page.locator(".results tbody tr")
    expect(rows.nth(1).locator("td")).to_have_text(["NaN", "0.1235", "9", "0", "2", "3", "1"])
    page.get_by_role("button", name="Max").click()
    expect(rows.locator("th")).to_have_text(["b", "a"])
    expect(page.get_by_role("columnheader", name="Max")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Copy as CSV").click()
    expect(page.get_by_role("button", name="Copy as CSV")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[1:] == ["b,NaN,0.1234567,9,0,2,3,1", "a,5,1,5,0,1,2,0"]
    page.reload()
    expect(page.get_by_role("link", name="Results")).to_have_attribute("aria-current", "page")


def test_hyperparameters_are_searched_and_copied(open_page: OpenPage, server: Server) -> None:
    """Where there are many, a field narrows them; all are copied as one JSON object."""
    given = {f"key.{number:02}": number for number in range(30)} | {"optimizer": "adamw"}
    experiment = seeding.create(server.url, "many hyperparameters", hyperparams=given)
    page = open_page(f"/e/{experiment}", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".hyperparams tr")).to_have_count(31)
    page.get_by_label("Find a hyperparameter").fill("ADAM")
    expect(page.locator(".hyperparams tr")).to_have_text("optimizeradamw")
    page.get_by_role("button", name="Copy as JSON").click()
    expect(page.get_by_role("button", name="Copy as JSON")).to_have_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == given


def test_writers_are_listed_with_the_stragglers_first(open_page: OpenPage, server: Server) -> None:
    """Those that have not ended come first, who was silent longest before all; ended ones follow."""
    experiment = seeding.create(server.url, "rollouts")
    for writer, count in (("actor-0", 4), ("actor-1", 2), ("actor-2", 3)):
        _write(server, experiment, writer, count)
    _post(server, f"{experiment}/heartbeat", {"writer": "actor-0", "status": "finished"})
    page = open_page(f"/e/{experiment}")
    page.get_by_role("link", name="Writers").click()
    rows = page.locator(".writers tbody tr")
    expect(rows.locator("th")).to_have_text(["actor-1", "actor-2", "actor-0"])
    expect(rows.locator("td:last-child")).to_have_text(["2", "3", "4"])
    expect(rows.locator(".status")).to_have_text(["running", "running", "finished"])
    _write(server, experiment, "actor-3", 1)
    expect(rows).to_have_count(4, timeout=15_000)


def test_one_writer_needs_no_list(open_page: OpenPage, server: Server) -> None:
    """An experiment of one writer says when it was last seen, and has no part for writers."""
    experiment = seeding.create(server.url, "alone")
    _write(server, experiment, "only", 1)
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".last-seen")).to_contain_text("last seen")
    assert page.locator(".last-seen time").get_attribute("title")
    expect(page.get_by_role("link", name="Writers")).to_have_count(0)


def test_many_writers_are_shown_in_part(open_page: OpenPage, server: Server) -> None:
    """Of many writers the first twenty are shown, and all on demand."""
    experiment = seeding.create(server.url, "many rollouts")
    for number in range(60):
        _post(server, f"{experiment}/heartbeat", {"writer": f"actor-{number:03}", "status": "running"})
    page = open_page(f"/e/{experiment}?show=writers")
    rows = page.locator(".writers tbody tr")
    expect(rows).to_have_count(20)
    page.get_by_role("button", name="Show all 60").click()
    expect(rows).to_have_count(60)


def test_keys_go_through_charts_and_groups(open_page: OpenPage, server: Server) -> None:
    """Keys j and k move between charts, brackets between groups, f shows the chart that has the focus in full."""
    experiment = _logged(server, "keys", "a/x", "a/y", "b/z")
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".chart canvas").last).to_be_visible()

    def focused() -> Any:
        return page.evaluate("document.activeElement.querySelector('[data-metric]')?.dataset.metric")

    seen = []
    for key in "jjjk":
        page.keyboard.press(key)
        seen.append(focused())
    assert seen == ["a/x", "a/y", "b/z", "a/y"]
    page.keyboard.press("]")
    expect(page.locator("summary", has_text="b1 chart")).to_be_focused()
    page.keyboard.press("[")
    expect(page.locator("summary", has_text="a2 charts")).to_be_focused()
    page.keyboard.press("j")
    assert focused() == "a/x"
    page.keyboard.press("f")
    expect(page.get_by_role("dialog", name="a/x")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_thousand_metrics_mount_the_charts_near_the_screen_alone(open_page: OpenPage, server: Server) -> None:
    """Of a thousand metrics few are drawn and asked for; placeholders hold the height, so nothing moves on the way."""
    names = [f"g{number // 100}/m{number:03}" for number in range(1000)]
    experiment = seeding.create(server.url, "a thousand")
    seeding.log(server.url, experiment, {name: seeding.steps([1.0, 2.0]) for name in names})
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".chart canvas").first).to_be_visible()
    expect(page.locator("[data-metric]")).to_have_count(1000)
    assert page.locator(".chart-menu").count() < 40
    height = page.evaluate("document.documentElement.scrollHeight")
    _card(page, names[-1]).scroll_into_view_if_needed()
    expect(_card(page, names[-1]).locator("canvas")).to_be_visible()
    until(lambda: page.locator(".chart-menu").count() < 40, "few charts after the way down")
    assert page.evaluate("document.documentElement.scrollHeight") == height


def test_the_page_looks_right(own_server: Server, open_page: OpenPage, screenshots: Path) -> None:
    """Pictures of the page and its parts, light and wide, dark and narrow, for people to look at; nothing overflows."""
    experiment = seeding.gallery(own_server.url)
    notes = {"notes": "# Learned\n\n- cosine **without** warm-up breaks\n\n| lr | acc |\n|---:|---:|\n| 0.1 | 0.91 |"}
    assert http.request("PATCH", f"{own_server.url}/experiments/{experiment}", notes).status == 200
    for number in range(30):
        _write(own_server, experiment, f"actor-{number}", number + 1)
    for scheme, width in (("light", 1440), ("dark", 390)):
        page = open_page(f"/e/{experiment}", server_url=own_server.url, width=width, color_scheme=scheme)
        for part, address in (("charts", ""), ("results", "?show=results"), ("writers", "?show=writers")):
            page.goto(f"{own_server.url}/e/{experiment}{address}")
            expect(page.locator(".chart canvas, .scrolled td").first).to_be_visible()
            page.screenshot(path=screenshots / f"experiment-{part}-{scheme}-{width}.png", full_page=part == "charts")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (part, width)
        page.keyboard.press("e")
        expect(page.get_by_role("dialog", name="Notes")).to_be_visible()
        page.screenshot(path=screenshots / f"experiment-notes-{scheme}-{width}.png")

"""Pages that are kept current: only what is new is sent, nothing while nobody looks, nothing is missed."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, Request, expect

from tests.browser import seeding
from tests.browser.conftest import EMPTY, Complaints, OpenPage
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, serving

_LISTENING_IN = """
const Real = EventSource;
window.told = [];
window.streams = [];
window.EventSource = class extends Real {
  constructor(address) {
    super(address);
    window.streams.push(this);
    this.addEventListener("points", ({ data }) => window.told.push(data));
  }
};
let hidden = false;
Object.defineProperty(document, "hidden", { get: () => hidden });
window.setHidden = (value) => {
  hidden = value;
  document.dispatchEvent(new Event("visibilitychange"));
};
"""
_OPEN, _CLOSED = 1, 2


def _watched(open_page: OpenPage, path: str, **options: Any) -> tuple[Page, list[Request]]:
    """Open a path in a page whose streams, requests and visibility are in our hands."""
    page = open_page(EMPTY, alone=True, **options)
    page.clock.install()
    page.add_init_script(_LISTENING_IN)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto(path)
    return page, asked


def _points(page: Page, metric: str) -> int:
    chart = page.locator(f"[data-metric='{metric}'] .chart")
    return int(chart.get_attribute("data-points") or 0) if chart.count() else 0


def _live(page: Page) -> None:
    until(lambda: page.evaluate("window.streams.at(-1)?.readyState") == _OPEN, "open stream")


def _about(asked: list[Request], part: str) -> list[str]:
    return [request.url for request in asked if part in request.url]


def test_a_tick_sends_only_what_is_new(open_page: OpenPage, server: Server) -> None:
    """One new point of one metric comes as one event with that point, and no series is asked for again."""
    experiment = seeding.create(server.url, "only what is new")
    seeding.log(server.url, experiment, {name: seeding.steps([1.0] * 500) for name in ("a", "b", "c")})
    page, asked = _watched(open_page, f"/e/{experiment}")
    until(lambda: all(_points(page, name) == 500 for name in "abc"), "charts of what was there")
    _live(page)
    asked.clear()
    seeding.log(server.url, experiment, {"b": seeding.steps([7.5], start=500)})
    until(lambda: _points(page, "b") == 501, "chart with the new point")
    (told,) = page.evaluate("window.told")
    (only,) = json.loads(told)["metrics"]
    assert (only["name"], only["x"], only["y"]) == ("b", [500], [7.5])
    assert len(told) < 250
    assert _about(asked, "/series") == []


def test_a_hidden_page_of_an_experiment_rests(open_page: OpenPage, server: Server) -> None:
    """A tab that nobody sees closes its stream and asks nothing; when it is seen again it shows what it missed."""
    experiment = seeding.create(server.url, "rests")
    seeding.log(server.url, experiment, {"loss": seeding.steps([3.0, 2.0])})
    page, asked = _watched(open_page, f"/e/{experiment}")
    until(lambda: _points(page, "loss") == 2, "chart of two points")
    _live(page)
    page.evaluate("setHidden(true)")
    page.clock.fast_forward(11_000)
    until(lambda: page.evaluate("window.streams.every(({ readyState }) => readyState === 2)"), "closed stream")
    asked.clear()
    seeding.log(server.url, experiment, {"loss": seeding.steps([1.0], start=2)})
    page.clock.fast_forward(120_000)
    assert asked == []
    assert _points(page, "loss") == 2
    page.evaluate("setHidden(false)")
    until(lambda: _points(page, "loss") == 3, "point that was logged meanwhile")


def test_a_short_look_away_keeps_the_stream(open_page: OpenPage, server: Server) -> None:
    """A tab that is hidden for some seconds goes on where it was: no stream is closed, nothing asked for anew."""
    experiment = seeding.create(server.url, "looks away")
    seeding.log(server.url, experiment, {"loss": seeding.steps([3.0, 2.0])})
    page, asked = _watched(open_page, f"/e/{experiment}")
    until(lambda: _points(page, "loss") == 2, "chart of two points")
    _live(page)
    asked.clear()
    page.evaluate("setHidden(true)")
    page.clock.fast_forward(3_000)
    page.evaluate("setHidden(false)")
    seeding.log(server.url, experiment, {"loss": seeding.steps([1.0], start=2)})
    until(lambda: _points(page, "loss") == 3, "live point")
    assert page.evaluate("window.streams.length") == 1
    assert _about(asked, "/series") == []


def test_a_list_hears_what_is_new(own_server: Server, open_page: OpenPage) -> None:
    """A new experiment comes by itself, and of one that changes nothing but its own row is asked for."""
    shown = seeding.create(own_server.url, "there before")
    page, asked = _watched(open_page, "/", server_url=own_server.url)
    expect(page.locator(f"[data-id='{shown}']")).to_be_visible()
    _live(page)
    created = seeding.create(own_server.url, "made while somebody looks")
    expect(page.locator(f"[data-id='{created}']")).to_be_visible()
    asked.clear()
    seeding.finish(own_server.url, created, "failed")
    expect(page.locator(f"[data-id='{created}']")).to_contain_text("failed")
    assert [f"id={created}" in address for address in _about(asked, "/experiments?")] == [True]


def test_a_hidden_list_asks_nothing(open_page: OpenPage, server: Server) -> None:
    """The list is told what is new while it is seen, rests once it is hidden, and shows all of it when seen again."""
    seeding.create(server.url, "there before")
    page, asked = _watched(open_page, "/")
    expect(page.locator("[data-id]").first).to_be_visible()
    _live(page)
    page.evaluate("setHidden(true)")
    page.clock.fast_forward(11_000)
    until(lambda: page.evaluate("window.streams.at(-1).readyState") == _CLOSED, "rest")
    asked.clear()
    created = seeding.create(server.url, "made while nobody looked")
    page.clock.fast_forward(60_000)
    assert asked == []
    page.evaluate("setHidden(false)")
    expect(page.locator(f"[data-id='{created}']")).to_be_visible()


def test_what_was_missed_during_a_restart_is_shown(
    own_server: Server, open_page: OpenPage, complaints: Complaints
) -> None:
    """After a restart the stream opens again by itself, and points, new metrics and the status are as they are."""
    complaints.expect("Failed to load resource")
    complaints.expect("ERR_")
    experiment = seeding.create(own_server.url, "restarted")
    seeding.log(own_server.url, experiment, {"loss": seeding.steps([3.0, 2.0])})
    page, _ = _watched(open_page, f"/e/{experiment}", server_url=own_server.url)
    until(lambda: _points(page, "loss") == 2, "chart before the restart")
    _live(page)
    own_server.stop()
    with serving(own_server.dir, port=own_server.port):
        seeding.log(own_server.url, experiment, {"loss": seeding.steps([1.0], start=2), "acc": seeding.steps([0.5])})
        seeding.finish(own_server.url, experiment, "finished")
        until(lambda: _points(page, "loss") == 3 and _points(page, "acc") == 1, "what was missed", within=60)
        expect(page.locator(".experiment-head .status")).to_have_text("finished")
        _live(page)
        seeding.log(own_server.url, experiment, {"loss": seeding.steps([0.5], start=3)})
        until(lambda: _points(page, "loss") == 4, "live point after the restart")
        assert http.data(f"{own_server.url}/experiments/{experiment}/metrics")
        page.close()

"""The page of one experiment."""

from __future__ import annotations

import math
import uuid

from playwright.sync_api import Locator, Page, expect

from tests.browser import seeding
from tests.browser.conftest import EMPTY, Complaints, OpenPage
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, serving


def _card(page: Page, metric: str) -> Locator:
    return page.locator(f"[data-metric='{metric}']")


def _points(page: Page, metric: str) -> int:
    chart = _card(page, metric).locator(".chart")
    return int(chart.get_attribute("data-points") or 0) if chart.count() else 0


def test_the_page_says_what_the_experiment_is(open_page: OpenPage, server: Server) -> None:
    """Name, status, description, tags, hyperparameters and id are on the page."""
    experiment = seeding.create(
        server.url,
        "page of one",
        tags=["a tag"],
        hyperparams={"lr": 0.001, "name": "adam"},
        description="Why it is run.",
    )
    page = open_page(f"/e/{experiment}")
    expect(page.get_by_role("heading", level=1)).to_have_text("page of one")
    expect(page.locator(".experiment-head .status")).to_have_text("running")
    expect(page.locator(".description")).to_have_text("Why it is run.")
    expect(page.locator(".tag")).to_have_text("a tag")
    expect(page.locator(".facts .id").first).to_have_text(experiment)
    # The server decides on the order, so the rows are compared as a mapping.
    rows = page.locator(".hyperparams tr")
    expect(rows).to_have_count(2)
    shown = {row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows.all()}
    assert shown == {"lr": "0.001", "name": "adam"}
    expect(page.get_by_role("heading", name="No metrics yet")).to_be_visible()


def test_a_running_chart_gains_points_without_a_reload(open_page: OpenPage, server: Server) -> None:
    """Points logged while the page is open are drawn, and so is a metric that is new."""
    experiment = seeding.create(server.url, "live")
    seeding.log(server.url, experiment, {"train/loss": seeding.steps([3.0, 2.0, 1.5])})
    page = open_page(f"/e/{experiment}")
    until(lambda: _points(page, "train/loss") == 3, "chart of three points")
    page.evaluate("window.notReloaded = true")
    seeding.log(server.url, experiment, {"train/loss": seeding.steps([1.25, 1.125], start=3)})
    until(lambda: _points(page, "train/loss") == 5, "chart of five points")
    expect(_card(page, "train/loss").locator(".readout b")).to_have_text("1.125")
    seeding.log(server.url, experiment, {"val/loss": seeding.steps([9.0])})
    until(lambda: _points(page, "val/loss") == 1, "chart of the new metric")
    assert page.evaluate("window.notReloaded")


def test_the_first_points_of_an_empty_experiment_appear(open_page: OpenPage, server: Server) -> None:
    """A page that was opened before the first metric draws it by itself."""
    experiment = seeding.create(server.url, "not yet")
    page = open_page(f"/e/{experiment}")
    expect(page.get_by_role("heading", name="No metrics yet")).to_be_visible()
    seeding.log(server.url, experiment, {"loss": seeding.steps([1.0, 2.0])})
    until(lambda: _points(page, "loss") == 2, "chart of the first points")


def test_status_changes_by_itself(open_page: OpenPage, server: Server) -> None:
    """An experiment that ends while its page is open is shown as ended."""
    experiment = seeding.create(server.url, "ends")
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".experiment-head .status")).to_have_text("running")
    seeding.finish(server.url, experiment, "finished")
    expect(page.locator(".experiment-head .status")).to_have_text("finished", timeout=15_000)


def test_a_metric_that_becomes_nan_is_marked(open_page: OpenPage, server: Server) -> None:
    """NaN and infinities break the line, not the page; the card says where the first one was."""
    experiment = seeding.create(server.url, "breaks")
    good = [1.0 / (1 + step) for step in range(20)]
    seeding.log(server.url, experiment, {"loss": seeding.steps(good), "acc": seeding.steps(good)})
    page = open_page(f"/e/{experiment}")
    until(lambda: _points(page, "loss") == 20, "chart before the break")
    broken = [math.nan, math.inf, -math.inf, math.nan]
    seeding.log(
        server.url, experiment, {"loss": seeding.steps(broken, start=20), "acc": seeding.steps([1.0], start=20)}
    )
    expect(_card(page, "loss").locator(".oddity")).to_have_text("first NaN: step 20, 4 in all")
    expect(_card(page, "loss").locator(".readout b")).to_have_text("NaN")
    expect(_card(page, "acc").locator(".oddity")).to_have_count(0)
    page.reload()
    expect(_card(page, "loss").locator(".oddity")).to_have_text("first NaN: step 20, 4 in all")
    until(lambda: _points(page, "loss") == 24, "chart after the break")


def test_a_metric_of_nothing_but_nan_is_drawn(open_page: OpenPage, server: Server) -> None:
    """A chart without one finite value has its axis and its note."""
    experiment = seeding.create(server.url, "only nan")
    seeding.log(server.url, experiment, {"loss": seeding.steps([math.nan] * 3)})
    page = open_page(f"/e/{experiment}")
    expect(_card(page, "loss").locator(".oddity")).to_have_text("first NaN: step 0, 3 in all")
    until(lambda: _points(page, "loss") == 3, "chart of three marks")


def test_a_long_series_is_drawn_in_buckets_and_stays_bounded(open_page: OpenPage, server: Server) -> None:
    """A chart holds few points however many were logged, and asks anew once it was given too many live ones."""
    experiment = seeding.create(server.url, "long")
    seeding.log(server.url, experiment, {"loss": seeding.steps(float(step % 97) for step in range(20_000))})
    page = open_page(f"/e/{experiment}")
    until(lambda: 0 < _points(page, "loss") <= 600, "chart of at most 600 buckets")
    for start in range(20_000, 24_000, 500):
        seeding.log(server.url, experiment, {"loss": seeding.steps([1.0] * 500, start=start)})
    expect(_card(page, "loss").locator(".chart")).to_have_attribute("aria-label", "loss: 24,000 points, last 1")
    until(lambda: 0 < _points(page, "loss") <= 600, "chart that was asked for anew")


def test_metrics_are_grouped_and_groups_fold(open_page: OpenPage, server: Server) -> None:
    """Charts stand under the part of their name before the slash, and a folded group stays folded."""
    experiment = seeding.create(server.url, "groups")
    metrics = {name: seeding.steps([1.0, 2.0]) for name in ("val/a", "train/b", "train/a", "solo")}
    seeding.log(server.url, experiment, metrics)
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".group h2")).to_have_text(["Metrics", "train", "val"])
    expect(page.locator(".group").nth(1).locator("h3")).to_have_text(["train/a", "train/b"])
    page.locator("summary", has_text="train").click()
    expect(_card(page, "train/a")).to_be_hidden()
    page.reload()
    expect(_card(page, "val/a")).to_be_visible()
    expect(_card(page, "train/a")).to_be_hidden()


def test_only_visible_charts_are_asked_for_and_together(open_page: OpenPage, server: Server) -> None:
    """Many metrics cost one request for those on the screen, and others follow when they are scrolled to."""
    experiment = seeding.create(server.url, "many")
    names = [f"m/{number:03}" for number in range(150)]
    seeding.log(server.url, experiment, {name: seeding.steps([1.0, 2.0]) for name in names})
    page = open_page(EMPTY)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/series?" in request.url else None)
    page.goto(f"/e/{experiment}")
    until(lambda: _points(page, names[0]) == 2, "first chart")
    assert len(asked) == 1
    assert 1 < asked[0].count("name=") < len(names) / 2
    _card(page, names[-1]).scroll_into_view_if_needed()
    until(lambda: _points(page, names[-1]) == 2, "last chart")
    until(lambda: _points(page, names[0]) == 0, "first chart put away")


def test_metrics_can_be_found(open_page: OpenPage, server: Server) -> None:
    """The search of the page narrows the charts to names that hold the text."""
    experiment = seeding.create(server.url, "find")
    seeding.log(server.url, experiment, {f"g/{letter}x": seeding.steps([1.0]) for letter in "abcdef"})
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".card")).to_have_count(6)
    page.keyboard.press("/")
    page.keyboard.type("CX")
    expect(page.locator(".card h3")).to_have_text(["g/cx"])


def test_an_unknown_experiment_is_said(open_page: OpenPage, complaints: Complaints) -> None:
    """An id that the server does not have gives a page that says so and leads on."""
    complaints.expect("404 (Not Found)")
    page = open_page(f"/e/{uuid.uuid4().hex}")
    expect(page.get_by_role("heading", name="No such experiment")).to_be_visible()
    page.get_by_role("link", name="See the experiments that are here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Experiments")


def test_a_broken_stream_is_made_up_for(open_page: OpenPage, own_server: Server, complaints: Complaints) -> None:
    """After the server was away the page shows by itself what was logged since."""
    complaints.expect("Failed to load resource")
    complaints.expect("ERR_")
    experiment = seeding.create(own_server.url, "comes back")
    seeding.log(own_server.url, experiment, {"loss": seeding.steps([3.0, 2.0])})
    page = open_page(f"/e/{experiment}", server_url=own_server.url)
    until(lambda: _points(page, "loss") == 2, "chart before the server ends")
    own_server.stop()
    expect(page.get_by_role("alert")).to_contain_text("does not answer", timeout=20_000)
    with serving(own_server.dir, port=own_server.port):
        seeding.log(own_server.url, experiment, {"loss": seeding.steps([1.0], start=2)})
        until(lambda: _points(page, "loss") == 3, "point that was logged meanwhile", within=60)
        expect(page.get_by_role("alert")).to_have_count(0)
        assert http.data(f"{own_server.url}/experiments/{experiment}/metrics")[0]["count"] == 3

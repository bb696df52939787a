"""The charts of a page: how they are drawn, zoomed, read and saved."""

from __future__ import annotations

import csv
import math
import random
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server

_DRAWN = "(canvas) => canvas.toDataURL()"


def _card(page: Page, metric: str) -> Locator:
    return page.locator(f"[data-metric='{metric}']")


def _points(page: Page, metric: str) -> int:
    chart = _card(page, metric).locator(".chart")
    return int(chart.get_attribute("data-points") or 0) if chart.count() else 0


def _over(page: Page, metric: str) -> dict[str, float]:
    """Scroll to a chart and return where its lines are drawn."""
    expect(_card(page, metric)).to_be_attached()
    # The card is put in the place of an empty one as it comes near, so the place is scrolled to and not the card.
    page.evaluate(
        "(metric) => document.querySelector(`[data-metric='${metric}']`).scrollIntoView({ block: 'center' })", metric
    )
    over = _card(page, metric).locator(".u-over")
    expect(over).to_be_visible()
    box = over.bounding_box()
    assert box
    sides = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
    return sides | {"middle": box["y"] + box["height"] / 2}


def _drag(page: Page, metric: str, start: float, end: float) -> None:
    """Drag over a chart between two shares of its width."""
    box = _over(page, metric)
    middle = box["middle"]
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, middle)
    page.mouse.move(box["x"] + box["width"] * end, middle)
    page.mouse.up()


def _range(page: Page, metric: str) -> tuple[float, float]:
    start, end = (_card(page, metric).locator(".chart").get_attribute("data-range") or "nan nan").split()
    return float(start), float(end)


def test_a_zoom_fetches_finer_data_and_all_charts_follow(open_page: OpenPage, server: Server) -> None:
    """A drag sets the range of all charts, whose points are then those of the range; double click goes back."""
    experiment = seeding.create(server.url, "zoom")
    wave = [math.sin(step / 50) for step in range(20_000)]
    seeding.log(server.url, experiment, {"a": seeding.steps(wave), "b": seeding.steps(wave)})
    page = open_page(f"/e/{experiment}")
    until(lambda: 0 < _points(page, "a") <= 600, "chart of buckets")
    before = _points(page, "b")
    _drag(page, "a", 0.5, 0.51 + 0.02)
    until(lambda: _points(page, "a") > before, "chart with finer points")
    until(lambda: _points(page, "b") > before, "other chart with finer points")
    start, end = _range(page, "b")
    assert 9_500 < start < end < 11_000
    _card(page, "b").locator(".u-over").dblclick()
    until(lambda: _points(page, "a") == before, "whole chart")
    assert _card(page, "a").locator(".chart").get_attribute("data-range") is None


def _hover(page: Page, metric: str, share: float) -> None:
    box = _over(page, metric)
    page.mouse.move(box["x"] + box["width"] * share, box["middle"])


def _opened(open_page: OpenPage, server: Server, **options: object) -> tuple[Page, str]:
    """Open an experiment with two noisy metrics of 500 points."""
    noise = random.Random(1)  # noqa: S311 - for looks, not for secrets
    values = [2 + math.exp(-step / 100) + noise.gauss(0, 0.2) for step in range(500)]
    experiment = seeding.create(server.url, "charts")
    seeding.log(server.url, experiment, {"a": seeding.steps(values), "b": seeding.steps(values[:300])})
    page = open_page(f"/e/{experiment}", **options)
    until(lambda: _points(page, "a") == 500, "first chart")
    until(lambda: _points(page, "b") == 300, "second chart")
    return page, experiment


def _canvas_changes(page: Page, metric: str, before: str) -> None:
    page.wait_for_function(
        "([metric, before]) => document.querySelector(`[data-metric='${metric}'] canvas`)?.toDataURL() !== before",
        arg=[metric, before],
    )


def test_escape_and_the_button_go_back_from_a_zoom(open_page: OpenPage, server: Server) -> None:
    """A zoom ends by the button that stands in the bar, and by Escape, without a request where all points are there."""
    page, _ = _opened(open_page, server)
    reset = page.get_by_role("button", name="Reset zoom")
    expect(reset).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/series?" in request.url else None)
    _drag(page, "a", 0.2, 0.4)
    expect(reset).to_be_visible()
    reset.click()
    expect(reset).to_have_count(0)
    _drag(page, "b", 0.2, 0.4)
    expect(_card(page, "a").locator("[data-range]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("[data-range]")).to_have_count(0)
    assert asked == []


def test_live_points_do_not_disturb_a_zoom(open_page: OpenPage, server: Server) -> None:
    """Points that come while the reader looks at a part are there afterwards, and the part stays."""
    page, experiment = _opened(open_page, server)
    _drag(page, "a", 0.2, 0.4)
    before = _range(page, "a")
    seeding.log(server.url, experiment, {"a": seeding.steps([9.0] * 50, start=500)})
    until(lambda: _points(page, "a") == 550, "live points")
    assert _range(page, "a") == before


def test_smoothing_draws_a_calmer_line_and_is_remembered(open_page: OpenPage, server: Server) -> None:
    """The slider smooths every chart of the page, from the keyboard too, and a reload keeps it."""
    page, _ = _opened(open_page, server)
    before = _card(page, "a").locator("canvas").evaluate(_DRAWN)
    slider = page.get_by_role("slider", name="Smoothing")
    slider.fill("90")
    expect(page.locator(".smoothing output")).to_have_text("0.9")
    _canvas_changes(page, "a", before)
    slider.press("End")
    expect(page.locator(".smoothing output")).to_have_text("0.999")
    page.reload()
    expect(page.locator(".smoothing output")).to_have_text("0.999")
    expect(slider).to_have_value("100")


@pytest.mark.parametrize("switch", ["Log y", "Log x", "Band"])
def test_switches_draw_all_charts_anew(open_page: OpenPage, server: Server, switch: str) -> None:
    """Each switch of the bar changes how the charts are drawn."""
    experiment = seeding.create(server.url, "switches")
    seeding.log(server.url, experiment, {"a": seeding.steps(1.5 + math.sin(step) for step in range(3000))})
    page = open_page(f"/e/{experiment}")
    until(lambda: _points(page, "a") > 0, "chart")
    before = _card(page, "a").locator("canvas").evaluate(_DRAWN)
    page.get_by_label(switch).click()
    _canvas_changes(page, "a", before)


def test_a_log_axis_says_what_it_leaves_out(open_page: OpenPage, server: Server) -> None:
    """Values at or below 0 are not drawn on a log axis, and the chart says how many."""
    experiment = seeding.create(server.url, "log axis")
    seeding.log(server.url, experiment, {"a": seeding.steps([-1.0, 0.0, 1.0, 10.0, 100.0])})
    page = open_page(f"/e/{experiment}")
    until(lambda: _points(page, "a") == 5, "chart")
    expect(page.locator(".chart-note")).to_have_count(0)
    page.get_by_label("Log y").check()
    expect(page.locator(".chart-note")).to_have_text("2 points at or below 0 not drawn: the axis is logarithmic")


def test_the_axis_is_the_step_the_time_or_the_relative_time(open_page: OpenPage, server: Server) -> None:
    """The readout names the place under the cursor in the terms of the chosen axis, and live points go on."""
    experiment = seeding.create(server.url, "axes")
    began = 1_800_000_000.0
    logs = [{"name": "a", "value": index, "step": index, "time": began + 60 * index} for index in range(100)]
    http.request("POST", f"{server.url}/experiments/{experiment}/logs/batch", {"logs": logs})
    page = open_page(f"/e/{experiment}", timezone_id="UTC")
    until(lambda: _points(page, "a") == 100, "chart by step")
    readout = _card(page, "a").locator(".readout span").first
    _hover(page, "a", 0.999)
    expect(readout).to_have_text("step 99")
    page.get_by_label("Axis").select_option("time")
    expect(_card(page, "a").locator("[data-axis=time]")).to_be_visible()
    _hover(page, "a", 0.001)
    expect(readout).to_have_text("15 Jan 2027, 08:00:00")
    page.get_by_label("Axis").select_option("relative")
    expect(_card(page, "a").locator("[data-axis=relative]")).to_be_visible()
    _hover(page, "a", 0.002)
    expect(readout).to_contain_text("d ")
    seeding.log(server.url, experiment, {"a": seeding.steps([1.0], start=100)})
    until(lambda: _points(page, "a") == 101, "live point by time")


def test_the_cursor_is_shared_by_the_charts_of_the_page(open_page: OpenPage, server: Server) -> None:
    """What the cursor points at in one chart is read in the others at the same step."""
    page, _ = _opened(open_page, server)
    _hover(page, "a", 0.3)
    expect(_card(page, "a").locator(".readout span").first).to_contain_text("step ")
    said = _card(page, "a").locator(".readout span").first.inner_text()
    expect(_card(page, "b").locator(".readout span").first).to_have_text(said)


def test_the_first_nan_is_told_exactly_however_long_the_series(open_page: OpenPage, server: Server) -> None:
    """A single NaN that no bucket of the drawing tells is found, and its step is said."""
    experiment = seeding.create(server.url, "hidden nan")
    values = [1.0] * 20_000
    values[8_123] = math.nan
    seeding.log(server.url, experiment, {"a": seeding.steps(values)})
    page = open_page(f"/e/{experiment}")
    expect(_card(page, "a").locator(".oddity")).to_have_text("first NaN: step 8,123")
    seeding.log(server.url, experiment, {"a": seeding.steps([math.inf], start=20_000)})
    expect(_card(page, "a").locator(".oddity")).to_have_text("first NaN: step 8,123, 2 in all")


def test_a_chart_fills_the_page_and_the_focus_returns(open_page: OpenPage, server: Server) -> None:
    """Full screen is a dialog with the chart and the bar; Escape leaves it and the button has the focus again."""
    page, _ = _opened(open_page, server)
    button = _card(page, "a").get_by_role("button", name="Chart a: full screen")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="a")
    expect(dialog.locator(".chart canvas")).to_be_visible()
    box = dialog.bounding_box()
    assert box
    assert box["width"] > 1400
    assert box["height"] > 850
    dialog.get_by_label("Log y").check()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def test_a_chart_is_saved_as_a_picture(open_page: OpenPage, server: Server, tmp_path: Path) -> None:
    """The picture is a PNG of twice the size, in the colours on the screen."""
    page, _ = _opened(open_page, server, color_scheme="dark")
    _card(page, "a").get_by_role("button", name="Chart a: save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    saved = tmp_path / "chart.png"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "a.png"
    data = saved.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height > 960) == (1984, True)
    expect(page.locator(".chart-offscreen")).to_have_count(0)


def test_a_chart_is_saved_as_its_points(open_page: OpenPage, server: Server, tmp_path: Path) -> None:
    """The file has every point of that metric alone, and no name in it is a formula."""
    experiment = seeding.create(server.url, "points")
    name = '=1+"x"'
    seeding.log(server.url, experiment, {name: seeding.steps([1.0] * 3000), "other": seeding.steps([2.0])})
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name=f"Chart {name}: save").click()
    expect(page.get_by_role("button", name="Save as PNG")).to_be_focused()
    with page.expect_download() as download:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    saved = tmp_path / "points.csv"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "points-1-x.csv"
    with saved.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == [str(step) for step in range(3000)]
    assert {row["name"] for row in rows} == {"'" + name}


def test_many_writers_are_one_line_or_their_mean(open_page: OpenPage, server: Server) -> None:
    """Across writers a chart has a point a step; live points of any writer reach it."""
    experiment = seeding.create(server.url, "rollouts")
    address = f"{server.url}/experiments/{experiment}/logs/batch"

    def log(writer: int, steps: range) -> None:
        logs = [{"name": "reward", "value": writer + step / 10, "step": step} for step in steps]
        http.request("POST", address, {"writer": f"w{writer}", "firstSeq": 1 + steps.start, "logs": logs})

    for writer in range(4):
        log(writer, range(50))
    page = open_page(f"/e/{experiment}")
    until(lambda: _points(page, "reward") == 200, "every point of every writer")
    page.get_by_label("Writers").select_option("across")
    until(lambda: _points(page, "reward") == 50, "one point a step")
    _hover(page, "reward", 0.001)
    expect(_card(page, "reward").locator(".readout")).to_have_text("step 0 1.5")
    expect(_card(page, "reward").locator(".spread")).to_have_text("0 to 3")
    log(0, range(50, 60))
    until(lambda: _points(page, "reward") == 60, "live points across writers", within=20)


@pytest.mark.parametrize(("theme", "width", "height"), [("light", 1440, 900), ("dark", 390, 844)])
def test_writers_are_taken_together_by_a_label(
    open_page: OpenPage, server: Server, screenshots: Path, theme: str, width: int, height: int
) -> None:
    """A line for each value of the label, with its name beside its colour; live points and a new value reach it."""
    experiment = seeding.create(server.url, f"by a label {theme}")
    address = f"{server.url}/experiments/{experiment}"

    def log(writer: int, steps: range, labels: dict[str, str]) -> None:
        wave = [math.sin(step / 9 + writer) + 2 * (writer // 4) for step in steps]
        logs = [{"name": "reward", "value": value, "step": step} for step, value in zip(steps, wave, strict=True)]
        http.request("POST", f"{address}/heartbeat", {"writer": f"w{writer}", "labels": labels})
        body = {"writer": f"w{writer}", "firstSeq": 1 + steps.start, "logs": logs}
        assert http.request("POST", f"{address}/logs/batch", body).status == 201

    for writer in range(12):
        log(writer, range(50), {"rank": str(writer // 4), "actor": f"sampler-{writer}"})
    page = open_page(f"/e/{experiment}", width=width, height=height, color_scheme=theme)
    expect(page.get_by_role("combobox", name="By", exact=True)).to_have_count(0)
    page.get_by_role("combobox", name="Writers", exact=True).select_option("across")
    until(lambda: _points(page, "reward") == 50, "one point a step")
    by = page.get_by_role("combobox", name="By", exact=True)
    expect(by.locator("option")).to_have_text(["none", "actor", "rank"])
    by.select_option("rank")
    until(lambda: _points(page, "reward") == 150, "a line for each rank")
    names = page.locator(".metrics-bar .writer-groups li")
    expect(names).to_have_text(["rank 0", "rank 1", "rank 2"])
    _hover(page, "reward", 0.5)
    expect(_card(page, "reward").locator(".chart-readout bdi")).to_have_text(["rank 2", "rank 1", "rank 0"])
    page.screenshot(path=screenshots / f"charts-by-{theme}-{width}.png")
    log(0, range(50, 60), {"rank": "0", "actor": "sampler-0"})
    log(12, range(60), {})
    until(lambda: _points(page, "reward") == 220, "live points and a new line", within=20)
    expect(names).to_have_text(["rank 0", "rank 1", "rank 2", "no rank"], timeout=15_000)
    page.reload()
    until(lambda: _points(page, "reward") == 220, "the label that the browser remembers")
    page.get_by_role("button", name="Chart reward: full screen").click()
    expect(page.locator("dialog .writer-groups li")).to_have_count(4)
    page.screenshot(path=screenshots / f"charts-by-{theme}-{width}-full.png")
    page.keyboard.press("Escape")
    by.select_option("actor")
    until(lambda: _points(page, "reward") == 670, "a line for each actor")
    page.screenshot(path=screenshots / f"charts-by-{theme}-{width}-actors.png")
    page.get_by_role("link", name="Writers").click()
    expect(page.locator(".writers tbody tr", has_text="w11").locator(".labels")).to_contain_text("rank 2")
    page.screenshot(path=screenshots / f"charts-by-{theme}-{width}-writers.png")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize(("theme", "width", "height"), [("light", 1440, 900), ("dark", 390, 844)])
def test_charts_look_as_they_should(
    open_page: OpenPage, server: Server, screenshots: Path, theme: str, width: int, height: int
) -> None:
    """The bar, smoothed lines with a band, the menu and full screen fit the window, and their pictures are kept."""
    experiment = seeding.create(server.url, f"looks {theme} {width}")
    metrics = dict(seeding.training(1, steps=5000))
    metrics["train/loss"] = [(step, math.nan if 812 <= (step or 0) < 900 else y) for step, y in metrics["train/loss"]]
    seeding.log(server.url, experiment, metrics)
    page = open_page(f"/e/{experiment}", width=width, height=height, color_scheme=theme)
    name = f"charts-{theme}-{width}"
    expect(page.get_by_label("Axis")).to_be_visible()
    page.screenshot(path=screenshots / f"{name}-bar.png")
    _over(page, "train/loss")
    until(lambda: _points(page, "train/loss") > 0, "chart")
    page.get_by_role("slider", name="Smoothing").fill("92")
    page.get_by_label("Log y").check()
    _hover(page, "train/accuracy", 0.5)
    expect(_card(page, "train/accuracy").locator(".readout span").first).to_contain_text("step")
    page.screenshot(path=screenshots / f"{name}.png")
    _card(page, "train/loss").get_by_role("button", name="Chart train/loss: save").click()
    page.screenshot(path=screenshots / f"{name}-menu.png")
    page.keyboard.press("Escape")
    page.get_by_label("Axis").select_option("relative")
    page.get_by_role("button", name="Chart train/loss: full screen").click()
    expect(page.locator("dialog .chart canvas")).to_be_visible()
    page.screenshot(path=screenshots / f"{name}-full.png")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_several_lines_are_read_by_name_the_largest_first(open_page: OpenPage, server: Server) -> None:
    """Where a chart has several lines, the readout lists those that reach the cursor, by value."""
    name = '<b>low</b> "quoted"'
    low = seeding.create(server.url, name)
    high = seeding.create(server.url, "high")
    short = seeding.create(server.url, "short")
    seeding.log(server.url, low, {"loss": seeding.steps([1.0] * 100)})
    seeding.log(server.url, high, {"loss": seeding.steps([2.0] * 100)})
    seeding.log(server.url, short, {"loss": seeding.steps([3.0] * 10)})
    page = open_page(f"/compare?ids={low},{high},{short}")
    until(lambda: _points(page, "loss") == 210, "chart of three lines")
    _hover(page, "loss", 0.5)
    readout = _card(page, "loss").locator(".chart-readout")
    expect(readout.locator("bdi")).to_have_text(["high", name])
    expect(readout.locator("b")).to_have_text(["2", "1"])
    expect(readout.locator("p")).to_contain_text("step ")
    page.mouse.move(0, 0)
    expect(readout).to_have_count(0)

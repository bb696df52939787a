"""The page that compares experiments."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import seeding
from tests.browser.conftest import EMPTY, OpenPage
from tests.support.serving import Server

SWEEP: tuple[dict[str, Any], ...] = (
    {"lr": 0.0001, "optimizer": "adam", "width": 64, "seed": 1},
    {"lr": 0.001, "optimizer": "adam", "width": 128, "seed": 2},
    {"lr": 0.01, "optimizer": "sgd", "width": 128, "seed": 3},
    {"lr": 0.1, "optimizer": "sgd", "width": 256},
)
VIEWS = {"charts": ".card .chart canvas", "differences": "tbody tr", "relations": ".parallel canvas"}


def _sweep(server: Server, count: int = 4, **fields: Any) -> list[str]:
    """Log a small sweep; the last experiment's loss becomes NaN and it has no seed."""
    ids = []
    for number in range(count):
        params = SWEEP[number % len(SWEEP)]
        tags = ["sweep", "wide" if params["width"] > 100 else "narrow"]
        ids.append(
            seeding.create(server.url, f"run {number}", hyperparams={"model": "mlp", **params}, tags=tags, **fields)
        )
        losses = [1 + number + math.exp(-step / 10) for step in range(40)]
        metrics = {"loss": seeding.steps(losses), "val/acc": seeding.steps([0.1 * number, 0.2 * number + 0.1])}
        if number == 3:
            metrics["loss"] = seeding.steps([*losses, math.nan])
        seeding.log(server.url, ids[-1], metrics)
    return ids


def _path(ids: Sequence[str], **query: str) -> str:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return f"/compare?ids={','.join(ids)}{more}"


def _card(page: Page, metric: str) -> Locator:
    return page.locator(f"[data-metric='{metric}']")


def _row(page: Page, experiment: str) -> Locator:
    return page.locator(f".compared-list [data-id='{experiment}']")


def _chart(page: Page, metric: str, lines: int) -> None:
    """Wait for a metric's chart of so many lines."""
    expect(_card(page, metric).locator(".chart")).to_have_attribute("aria-label", re.compile(rf"\b{lines} lines?\b"))


def _cells(page: Page, row: str) -> list[str]:
    return [text.strip() for text in page.locator(f"[data-row='{row}'] td").all_inner_texts()]


def test_without_ids_the_page_says_how_to_come_here(open_page: OpenPage, server: Server) -> None:
    """An empty comparison says what to press, and an experiment can be found and added on the spot."""
    name = f"found {uuid.uuid4().hex}"
    experiment = seeding.create(server.url, name)
    page = open_page("/compare")
    expect(page.get_by_role("heading", name="Nothing to compare yet")).to_be_visible()
    page.get_by_label("Find an experiment to add").fill(name[:20])
    page.get_by_role("button", name=name).click()
    expect(_row(page, experiment)).to_be_visible()
    assert experiment in page.url


def test_each_metric_has_one_chart_with_a_line_for_each_experiment(open_page: OpenPage, server: Server) -> None:
    """Metrics that at least one has are drawn once, grouped by prefix, asked for in few requests."""
    ids = _sweep(server, 3)
    seeding.log(server.url, ids[0], {"only/here": seeding.steps([1.0, 2.0])})
    page = open_page(EMPTY)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/series?" in request.url else None)
    page.goto(_path(ids))
    _chart(page, "loss", 3)
    _chart(page, "val/acc", 3)
    _chart(page, "only/here", 1)
    expect(page.locator(".group h2")).to_have_text(["Metrics", "only", "val"])
    assert len(asked) <= 2


def test_compared_experiments_have_colours_of_their_own(open_page: OpenPage, server: Server) -> None:
    """Twelve experiments have twelve colours, though eight are all that the list has."""
    page = open_page(_path(_sweep(server, 12)))
    expect(page.locator(".compared-list li")).to_have_count(12)
    colours = page.locator(".compared-list .swatch").evaluate_all(
        "(all) => all.map((one) => getComputedStyle(one).backgroundColor)"
    )
    assert len(set(colours)) == 12


def test_an_experiment_can_be_hidden_and_removed(open_page: OpenPage, server: Server) -> None:
    """A cleared check box takes the line away, the cross takes the experiment out of the address."""
    ids = _sweep(server, 3)
    page = open_page(_path(ids))
    _chart(page, "loss", 3)
    _row(page, ids[1]).get_by_role("checkbox").uncheck()
    _chart(page, "loss", 2)
    page.reload()
    expect(_row(page, ids[1]).get_by_role("checkbox")).not_to_be_checked()
    _chart(page, "loss", 2)
    page.get_by_role("button", name="Remove run 1 from the comparison").click()
    expect(page.locator(".compared-list li")).to_have_count(2)
    assert ids[1] not in page.url
    _chart(page, "loss", 2)


def test_pointing_at_an_experiment_makes_its_line_stand_out(open_page: OpenPage, server: Server) -> None:
    """Hover and focus in the list draw the other lines faded, and leaving undoes it."""
    ids = _sweep(server, 3)
    page = open_page(_path(ids))
    _chart(page, "loss", 3)
    canvas = _card(page, "loss").locator(".chart canvas").first
    expect(canvas).to_be_visible()
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")
    changed = "(before) => document.querySelector('[data-metric=loss] canvas').toDataURL() !== before"
    _row(page, ids[0]).hover()
    page.wait_for_function(changed, arg=before)
    expect(_row(page, ids[1])).to_have_attribute("data-state", "faded")
    page.locator("h1").hover()
    page.wait_for_function(changed.replace("!==", "==="), arg=before)
    _row(page, ids[2]).get_by_role("checkbox").focus()
    expect(_row(page, ids[2])).to_have_attribute("data-state", "pointed")
    page.wait_for_function(changed, arg=before)


def test_unknown_ids_are_named_and_left_out(open_page: OpenPage, server: Server) -> None:
    """Experiments that the server does not have are told, the others are compared, and the address can be tidied."""
    ids = _sweep(server, 2)
    page = open_page(_path([ids[0], "nobody-knows-this", ids[1]]))
    _chart(page, "loss", 2)
    expect(page.locator(".problem")).to_contain_text("nobody-knows-this")
    page.get_by_role("button", name="Take out of the address").click()
    expect(page.locator(".problem")).to_have_count(0)
    assert "nobody" not in page.url


def test_running_experiments_are_kept_current(open_page: OpenPage, server: Server) -> None:
    """Points and metrics that are logged while the page is open come by themselves."""
    ids = _sweep(server, 2)
    page = open_page(_path(ids))
    _chart(page, "loss", 2)
    points = _card(page, "loss").locator(".chart")
    expect(points).to_have_attribute("data-points", "80")
    seeding.log(server.url, ids[0], {"loss": seeding.steps([1.0] * 5, start=40), "new": seeding.steps([1.0])})
    expect(points).to_have_attribute("data-points", "85", timeout=15_000)
    _chart(page, "new", 1)


def test_grouping_draws_a_mean_for_each_group(open_page: OpenPage, server: Server) -> None:
    """By a hyperparameter or by tag, charts have a line a group, and the list tells the groups."""
    page = open_page(_path(_sweep(server)))
    _chart(page, "loss", 4)
    page.get_by_label("Group by").select_option("param:optimizer")
    _chart(page, "loss", 2)
    expect(page.get_by_label("Groups").locator("bdi")).to_have_text(["optimizer = adam", "optimizer = sgd"])
    page.get_by_label("Spread").select_option("deviation")
    page.reload()
    _chart(page, "loss", 2)
    expect(page.get_by_label("Spread")).to_have_value("deviation")
    page.get_by_label("Group by").select_option("tag")
    expect(page.get_by_label("Groups").locator("bdi")).to_have_text(["narrow", "sweep", "wide"])
    _chart(page, "loss", 3)


def test_metrics_are_found_by_name(open_page: OpenPage, server: Server) -> None:
    """The search narrows the charts and stays in the address."""
    page = open_page(_path(_sweep(server, 2)))
    expect(page.locator(".card")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("ACC")
    expect(page.locator(".card h3")).to_have_text(["val/acc"])
    page.reload()
    expect(page.locator(".card h3")).to_have_text(["val/acc"])


def test_the_table_shows_what_differs(open_page: OpenPage, server: Server) -> None:
    """Rows that are the same are left out until asked for; other values are marked by a sign that is read aloud."""
    ids = _sweep(server)
    page = open_page(_path(ids, show="differences"))
    expect(page.locator("[data-row='param:lr']")).to_be_visible()
    expect(page.locator("[data-row='param:model']")).to_have_count(0)
    expect(page.locator("[data-row='tag:sweep']")).to_have_count(0)
    assert _cells(page, "param:optimizer") == ["adam", "adam", "≠sgd", "≠sgd"]
    assert _cells(page, "param:seed") == ["1", "≠2", "≠3", "≠\u2013"]
    assert _cells(page, "metric:loss:last")[-1] == "NaN"
    assert _cells(page, "metric:val/acc:last")[0].startswith("▼")
    page.get_by_label("Show what is the same, too").check()
    expect(page.locator("[data-row='param:model']")).to_be_visible()
    page.get_by_role("button", name="Compare with run 2").click()
    expect(page.locator("[data-row='param:optimizer'] td").first).to_have_text(re.compile("≠"))
    page.get_by_label("Add a metric to the table").select_option("metric:loss:min")
    expect(page.locator("[data-row='metric:loss:min']")).to_be_visible()
    page.get_by_role("button", name="Take loss (last) out of the table").click()
    expect(page.locator("[data-row='metric:loss:last']")).to_have_count(0)


def test_brushing_an_axis_fades_the_others_everywhere(open_page: OpenPage, server: Server) -> None:
    """A range dragged on an axis leaves those within it standing out in list and scatter, and in the address."""
    ids = _sweep(server)
    page = open_page(_path(ids, show="relations"))
    grip = page.locator("[data-axis='param:lr'] .grip")
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] / 4)
    page.mouse.move(middle, box["y"] + box["height"] / 2)
    page.mouse.up()
    expect(page.locator(".compared > summary")).to_contain_text("2 of 4 experiments within the brushes")
    page.locator("h1").hover()
    expect(_row(page, ids[0])).to_have_attribute("data-state", "faded")
    expect(_row(page, ids[3])).to_have_attribute("data-state", "pointed")
    expect(page.locator(f".scatter [data-id='{ids[0]}']")).to_have_attribute("data-state", "faded")
    page.reload()
    expect(_row(page, ids[0])).to_have_attribute("data-state", "faded")
    page.get_by_role("button", name="Clear the brushes").click()
    expect(page.locator(".compared > summary")).to_have_text(re.compile("4 experiments$"))


def test_axes_are_brushed_moved_and_removed_by_keyboard(open_page: OpenPage, server: Server) -> None:
    """Fields set the range of numbers and of words, and buttons move and remove an axis."""
    ids = _sweep(server)
    page = open_page(_path(ids, show="relations"))
    axes = page.locator(".parallel [data-axis]")
    expect(axes).to_have_count(5)
    page.locator(".axis-fields summary").click()
    page.get_by_label("lr, from").fill("0.005")
    page.get_by_label("lr, from").press("Enter")
    page.get_by_label("lr, from").blur()
    expect(page.locator(".compared > summary")).to_contain_text("2 of 4")
    page.get_by_label("optimizer, to").select_option(label="adam")
    expect(page.locator(".compared > summary")).to_contain_text("0 of 4")
    page.get_by_role("button", name="Clear the range of optimizer").click()
    expect(page.locator(".compared > summary")).to_contain_text("2 of 4")
    page.get_by_role("button", name="Move lr right").click()
    assert axes.evaluate_all("(all) => all.map((one) => one.dataset.axis)")[:2] == ["param:optimizer", "param:lr"]
    page.get_by_role("button", name="Remove the axis lr").click()
    expect(axes).to_have_count(4)
    expect(page.locator(".compared > summary")).not_to_contain_text("brushes")
    page.get_by_label("Add an axis").select_option("metric:loss:max")
    expect(axes).to_have_count(5)


def test_the_scatter_names_and_opens_what_it_shows(open_page: OpenPage, server: Server) -> None:
    """Any two dimensions make a plot; arrows walk over its points, what has no value is told, a click opens."""
    ids = _sweep(server)
    page = open_page(_path(ids, show="relations"))
    page.get_by_label("Across").select_option("param:lr")
    page.get_by_label("Up", exact=True).select_option("metric:loss:last")
    page.get_by_label("log x").check()
    points = page.locator(".scatter a")
    expect(points).to_have_count(3)
    expect(page.locator(".scatter-note")).to_contain_text("1 experiment left out")
    points.first.focus()
    expect(page.locator(".scatter-note b")).to_have_text("run 0")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".scatter-note b")).to_have_text("run 1")
    expect(_row(page, ids[1])).to_have_attribute("data-state", "pointed")
    page.reload()
    expect(page.get_by_label("log x")).to_be_checked()
    page.locator(f".scatter a[data-id='{ids[2]}']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("run 2")


def test_the_page_is_used_by_keyboard(open_page: OpenPage, server: Server) -> None:
    """Digits change what is shown, j and k walk over the experiments, x hides the one that was reached."""
    ids = _sweep(server, 3)
    page = open_page(_path(ids))
    _chart(page, "loss", 3)
    page.keyboard.press("2")
    expect(page.get_by_role("region", name="Table of differences")).to_be_visible()
    page.keyboard.press("1")
    _chart(page, "loss", 3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(_row(page, ids[1]).get_by_role("checkbox")).not_to_be_checked()
    _chart(page, "loss", 2)
    page.keyboard.press("k")
    expect(_row(page, ids[0]).get_by_role("checkbox")).to_be_focused()


def test_names_are_shown_as_text_and_stay_apart(open_page: OpenPage, server: Server) -> None:
    """Markup in names, tags and values runs nowhere, and long names that differ at their end look different."""
    bad = "<img src=x onerror=window.ran=1>"
    start = "the same long beginning of a name that somebody generated from all flags "
    ids = [
        seeding.create(server.url, f"{start}{bad}{end}", tags=[f"{bad}{end}"], hyperparams={bad: f"{bad}{end}"})
        for end in ("one", "two")
    ]
    seeding.log(server.url, ids[0], {"loss": seeding.steps([1.0])})
    for show in VIEWS:
        page = open_page(_path(ids, show=show, group=f"param:{bad}"))
        names = page.locator(".compared-list bdi")
        expect(names).to_have_count(2)
        assert len(set(names.all_inner_texts())) == 2
        assert page.evaluate("window.ran") is None


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_the_comparison_looks_as_it_should(
    open_page: OpenPage, server: Server, screenshots: Path, theme: str, width: int
) -> None:
    """Each way to compare fits the window, and its picture is kept."""
    ids = _gallery(server)
    for show, drawn in VIEWS.items():
        page = open_page(_path(ids, show=show), width=width, height=900, color_scheme=theme)
        expect(page.locator(drawn).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        page.screenshot(path=screenshots / f"compare-{show}-{theme}-{width}.png", full_page=True)
    page = open_page(_path(ids, group="param:optimizer"), width=width, height=900, color_scheme=theme)
    expect(page.locator(".card .chart canvas").first).to_be_visible()
    page.screenshot(path=screenshots / f"compare-grouped-{theme}-{width}.png", full_page=True)


def _gallery(server: Server) -> list[str]:
    ids = []
    for seed in range(8):
        params = {
            **seeding.HYPERPARAMS,
            "lr": 10 ** -(1 + seed % 4),
            "optimizer": ("adamw", "sgd")[seed % 2],
            "seed": seed,
        }
        tags = ["cifar10", "baseline"] if seed < 3 else ["cifar10"]
        ids.append(
            seeding.create(
                server.url,
                f"resnet18, sweep 7, learning rate 1e-{1 + seed % 4}, seed {seed}",
                tags=tags,
                hyperparams=params,
            )
        )
        seeding.log(server.url, ids[-1], seeding.training(seed, steps=300))
    return ids


def test_a_zoom_asks_for_finer_points_of_all_experiments(open_page: OpenPage, server: Server) -> None:
    """A drag in one chart shows that part in all charts, drawn from finer points; Escape goes back."""
    ids = [seeding.create(server.url, f"long {number}") for number in range(2)]
    for experiment in ids:
        values = [float(step % 97) for step in range(9_000)]
        seeding.log(server.url, experiment, {"a": seeding.steps(values), "b": seeding.steps(values)})
    page = open_page(_path(ids))
    _chart(page, "b", 2)
    over = _card(page, "a").locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    with page.expect_request(lambda request: "/series?" in request.url and "from=" in request.url) as asked:
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
        page.mouse.up()
    assert asked.value.url.count("experiment=") == 2
    assert asked.value.url.count("name=") == 2
    shown = _card(page, "b").locator(".chart")
    expect(shown).to_have_attribute("data-range", re.compile(r"\d"))
    page.wait_for_function("() => Number(document.querySelector('[data-metric=b] .chart').dataset.points) > 1800")
    page.keyboard.press("Escape")
    expect(shown).not_to_have_attribute("data-range", re.compile("."))
    expect(shown).to_have_attribute("data-points", "1200")


def test_the_axis_can_be_time_since_each_began(open_page: OpenPage, server: Server) -> None:
    """Relative time counts from each experiment's own beginning, whatever the clock said."""
    page = open_page(_path(_sweep(server, 2)))
    _chart(page, "loss", 2)
    with page.expect_response(lambda response: "x=time" in response.url):
        page.get_by_label("Axis").select_option("relative")
    _chart(page, "loss", 2)
    page.locator("[data-metric='loss'] .u-over").hover()
    expect(page.locator(".chart-readout li").first).to_be_visible()

"""The dashboard in a real browser: `python -m benchmarks.dashboard [--quick] [--json FILE]`.

Each page is opened with a cold cache of the browser; the server has the file as it is at rest. The frames
of an empty page that is scrolled in the same way tell what this machine can do at all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from attrs import asdict, frozen
from playwright.sync_api import Browser, Error, Page
from rich.console import Console

from benchmarks.__main__ import machine, table_of
from benchmarks.browsing import (
    EMPTY,
    Frames,
    browsing,
    frames_while_scrolling,
    memory_of,
    until_seen,
    visiting,
    zoomed_within,
)
from benchmarks.populating import Series, create, populate
from benchmarks.row import Row
from tests.support.serving import serving

SPARKLINE: Final = "[data-id] .sparkline path"
ROW: Final = "[data-id]"
CHART: Final = ".chart:not([data-points='0']) canvas"

NAMES: Final = ["train/loss", "train/accuracy", *(f"{part}/m{number}" for part in "abcd" for number in range(12))]
LONG: Final = "train/loss"
COMPARED: Final = 20

RATE: Final = 50.0  # frames a second
SEEN: Final = 1_000.0  # ms
COMPARISON: Final = 1_500.0  # ms
ZOOM: Final = 300.0  # ms
MEMORY: Final = 300.0  # MiB


@frozen
class Sizes:
    """How much there is to show."""

    experiments: int
    length: int
    long: int
    listed: int
    repeats: int
    seconds: float


FULL: Final = Sizes(200, 10_000, 1_000_000, 10_000, 5, 6)
QUICK: Final = Sizes(24, 1_000, 100_000, 500, 2, 2)


@frozen
class Site:
    """A server with experiments on it; the one with a long series is the last."""

    url: str
    ids: Sequence[str]
    sizes: Sizes


def main() -> None:
    """Measure, print the table, and exit with 1 if a budget does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description="Measure the dashboard.")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that the programs run")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measure(Path(folder), QUICK if options.quick else FULL))
    Console(width=150).print(table_of(rows))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=1))
    sys.exit(any(row.holds is False for row in rows))


def measure(folder: Path, sizes: Sizes) -> Iterator[Row]:
    """Yield the rows of every page."""
    data = folder / "many"
    ids = create(data, sizes.experiments + 1)
    points = populate(data, Series(ids[:-1], NAMES, sizes.length), Series(ids[-1:], [LONG], sizes.long))
    yield Row(f"{len(ids)} experiments, {points:,} points", "", "")
    with serving(data) as server:
        site = Site(server.url, ids, sizes)
        for part in (_first_charts, _fluidity, _zoom, _memory):
            with browsing() as browser:
                yield from _or_why_not(part(browser, site))
    data = folder / "listed"
    ids = create(data, sizes.listed)
    populate(data, Series(ids, NAMES[:5], 20))
    with serving(data) as server, browsing() as browser:
        yield from _or_why_not(_long_list(browser, Site(server.url, ids, sizes)))


def _or_why_not(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows; a page that does not show what it should is a row as well, and the others are still measured."""
    try:
        yield from rows
    except Error as exc:
        yield Row(str(exc).splitlines()[0], "", "failed", holds=False)


def _first_charts(browser: Browser, site: Site) -> Iterator[Row]:
    compared = f"/compare?ids={','.join(site.ids[:COMPARED])}"
    pages = [
        ("the list's first sparkline", "/", SPARKLINE, SEEN),
        ("an experiment's first chart", f"/e/{site.ids[0]}", CHART, SEEN),
        (f"first charts of {COMPARED} experiments compared", compared, CHART, COMPARISON),
    ]
    for what, path, selector, bound in pages:
        yield from _or_why_not(_first_chart(browser, site, what, path, selector, bound))


def _first_chart(browser: Browser, site: Site, what: str, path: str, selector: str, bound: float) -> Iterator[Row]:
    times = []
    for _ in range(site.sizes.repeats):
        with visiting(browser, site.url) as page:
            times.append(until_seen(page, path, selector))
    yield Row.at_most(f"{what}, from navigation, cold cache, median", median(times), bound, "ms")
    yield Row(f"{what}, the slowest of {len(times)}", "", f"{max(times):.0f} ms", data={"first": times[0]})


def _fluidity(browser: Browser, site: Site) -> Iterator[Row]:
    with visiting(browser, site.url) as page:
        page.goto(EMPTY)
        floor = frames_while_scrolling(page, site.sizes.seconds)
    yield Row("frames of an empty page, scrolled", "", f"{floor.rate:.0f}/s, longest {floor.longest:.0f} ms")
    yield from _or_why_not(_scrolled(browser, site, f"list of {len(site.ids)}", "/", SPARKLINE))
    yield from _or_why_not(_scrolled(browser, site, f"experiment of {len(NAMES)} charts", f"/e/{site.ids[0]}", CHART))
    compared = f"/compare?ids={','.join(site.ids[:COMPARED])}"
    yield from _or_why_not(_scrolled(browser, site, f"comparison of {COMPARED}", compared, CHART))


def _scrolled(browser: Browser, site: Site, what: str, path: str, selector: str) -> Iterator[Row]:
    with visiting(browser, site.url) as page:
        until_seen(page, path, selector)
        frames = frames_while_scrolling(page, site.sizes.seconds)
    yield from _frame_rows(what, frames)


def _frame_rows(what: str, frames: Frames) -> Iterator[Row]:
    yield Row.at_least(f"{what}, scrolled", frames.rate, RATE, "frames/s")
    yield Row(f"{what}, longest frame", "", f"{frames.longest:.0f} ms, p99 {frames.p99:.0f} ms", data=asdict(frames))


def _zoom(browser: Browser, site: Site) -> Iterator[Row]:
    times = []
    for _ in range(site.sizes.repeats):
        with visiting(browser, site.url) as page:
            until_seen(page, f"/e/{site.ids[-1]}", CHART)
            times.append(zoomed_within(page, CHART))
    yield Row.at_most(f"zoom into {site.sizes.long:,} points, answered and drawn, median", median(times), ZOOM, "ms")
    yield Row(f"zoom into {site.sizes.long:,} points, the slowest of {len(times)}", "", f"{max(times):.0f} ms")


def _memory(browser: Browser, site: Site) -> Iterator[Row]:
    with visiting(browser, site.url) as page:
        page.goto(EMPTY)
        empty = memory_of(page)
        until_seen(page, "/", SPARKLINE)
        for visit in (_list, _experiments, _comparison, _list):
            visit(page, site)
        used = memory_of(page)
    yield Row.at_most("memory of the tab's own after all pages", used.own, MEMORY, "MiB")
    shared = f"{used.heap:.0f} MiB of JavaScript's, {used.resident:.0f} MiB resident with the browser's program"
    yield Row("of that", "", shared, f"{empty.own:.0f} MiB empty", data={**asdict(used), "empty": empty.own})


def _list(page: Page, site: Site) -> None:
    _to(page, "/", ROW)
    frames_while_scrolling(page, site.sizes.seconds)


def _experiments(page: Page, site: Site) -> None:
    for each in [*site.ids[:4], site.ids[-1]]:
        _to(page, f"/e/{each}", CHART)
        frames_while_scrolling(page, site.sizes.seconds / 2)


def _comparison(page: Page, site: Site) -> None:
    _to(page, f"/compare?ids={','.join(site.ids[:COMPARED])}", CHART)
    frames_while_scrolling(page, site.sizes.seconds)


def _to(page: Page, path: str, selector: str) -> None:
    """Go there as a link of the page does, so that what was there before is not unloaded."""
    page.evaluate(
        "(path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path
    )
    page.wait_for_selector(selector)


def _long_list(browser: Browser, site: Site) -> Iterator[Row]:
    what = f"list of {len(site.ids):,}"
    with visiting(browser, site.url) as page:
        seen = until_seen(page, "/", ROW)
        frames = frames_while_scrolling(page, site.sizes.seconds)
        rows = page.locator(ROW).count()
    yield Row.at_most(f"{what}: first rows, from navigation", seen, SEEN, "ms")
    yield from _frame_rows(what, frames)
    yield Row(f"{what}: rows in the page after scrolling", "", f"{rows}")


if __name__ == "__main__":
    main()

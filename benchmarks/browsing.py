"""A real Chromium, and what can be measured of a page in it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.row import quantile

__all__ = [
    "Frames",
    "Memory",
    "browsing",
    "frames_while_scrolling",
    "memory_of",
    "until_seen",
    "visiting",
    "zoomed_within",
]

MIB: Final = 2**20
LIMIT: Final = 30_000  # ms
WHEEL: Final = 240  # px a notch, about two lines of rows more than a mouse's own
EMPTY: Final = "data:text/html,<body style='height:200000px;background:linear-gradient(red,blue)'>"

_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")

# Runs before the page's own scripts. The time counts from the navigation, and the frame after the one in
# which the element is there is the first that shows it.
_WATCH: Final = """
window.firstSeen = (selector, limit) => new Promise((found, missed) => {
  const look = () => {
    if (document.querySelector(selector)) requestAnimationFrame(() => found(performance.now()));
    else if (performance.now() > limit) missed(new Error(`${location.pathname} never showed ${selector}`));
    else requestAnimationFrame(look);
  };
  look();
});
window.draws = [];
const { clearRect } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.clearRect = function (...area) {
  window.draws.push(performance.now());
  return clearRect.apply(this, area);
};
addEventListener("mouseup", () => { window.released = performance.now(); }, true);
"""
# Answered: a request that began after the button was released has ended; drawn: a canvas was begun anew after that.
_ZOOMED: Final = """
(limit) => new Promise((found, missed) => {
  const look = () => {
    const answered = performance.getEntriesByType("resource")
      .filter(({ name, startTime, responseEnd }) => name.includes("/series") && startTime >= released && responseEnd)
      .map(({ responseEnd }) => responseEnd);
    const drawn = answered.length ? draws.find((at) => at >= Math.min(...answered)) : undefined;
    if (performance.now() - released > limit) missed(new Error("no zoom was answered and drawn"));
    else if (drawn === undefined) requestAnimationFrame(look);
    else requestAnimationFrame(() => found(performance.now() - released));
  };
  look();
})
"""
_RECORD: Final = """
() => {
  window.frames = [];
  let last = performance.now();
  const tick = (now) => {
    window.frames.push(now - last);
    last = now;
    window.recording = requestAnimationFrame(tick);
  };
  window.recording = requestAnimationFrame(tick);
}
"""
_RECORDED: Final = "() => { cancelAnimationFrame(window.recording); return window.frames.slice(1); }"


@contextmanager
def browsing() -> Iterator[Browser]:
    """Run a browser for the length of a ``with`` block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Browser, server_url: str) -> Iterator[Page]:
    """Open a page of a context of its own, whose cache is cold."""
    context = browser.new_context(base_url=server_url, viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        page.add_init_script(_WATCH)
        yield page
    finally:
        context.close()


def until_seen(page: Page, path: str, selector: str) -> float:
    """Return the milliseconds from the navigation to a path until an element is on the screen."""
    page.goto(path, wait_until="commit")
    milliseconds: float = page.evaluate("([selector, limit]) => firstSeen(selector, limit)", [selector, LIMIT])
    return milliseconds


def zoomed_within(page: Page, selector: str) -> float:
    """Drag over a fifth of a chart; return the milliseconds from the release until finer points are drawn."""
    box = page.locator(selector).first.bounding_box()
    if box is None:
        raise RuntimeError("the chart is not on the screen")
    high = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], high)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], high, steps=4)
    page.mouse.move(box["x"] + 0.7 * box["width"], high, steps=4)
    page.mouse.up()
    milliseconds: float = page.evaluate(_ZOOMED, LIMIT)
    return milliseconds


@frozen
class Frames:
    """How fluid a page was.

    Attributes:
        rate: Frames a second.
        longest: The longest time between two frames, in milliseconds.
        p99: The time between two frames that 99 of 100 keep, in milliseconds.
    """

    rate: float
    longest: float
    p99: float


def frames_while_scrolling(page: Page, seconds: float) -> Frames:
    """Turn the wheel over the page for some seconds, down and up again, and return how fluid it was."""
    page.mouse.move(720, 600)
    page.evaluate(_RECORD)
    start = time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        page.mouse.wheel(0, WHEEL if passed < seconds / 2 else -WHEEL)
    deltas: list[float] = page.evaluate(_RECORDED)
    return Frames(len(deltas) / sum(deltas) * 1e3, max(deltas), quantile(deltas, 0.99))


@frozen
class Memory:
    """What a tab takes, in MiB.

    Attributes:
        heap: Of JavaScript's objects, after a collection.
        own: Of the tab's process, without what it shares with others.
        resident: Of the process in all, with the browser's own program.
    """

    heap: float
    own: float
    resident: float


def memory_of(page: Page) -> Memory:
    """Return what the tab takes now."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    own, resident = _process(page)
    return Memory(metrics["JSHeapUsedSize"] / MIB, own, resident)


def _process(page: Page) -> tuple[float, float]:
    """Return the memory of the page's process; the browser must have no other page."""
    browser = page.context.browser
    if browser is None:
        raise RuntimeError("a page outside a browser")
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [_sizes(each["id"]) for each in found if each["type"] == "renderer"]
    return max(sizes)


def _sizes(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    kib = {name: float(value.split()[0]) for name, value in (line.split(":", 1) for line in lines)}
    return (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024, kib["Rss"] / 1024

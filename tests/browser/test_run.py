"""The parts of an experiment's page that tell of the run: what made it, what it printed, what the machine did."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.support import http
from tests.support.serving import Server


def test_what_made_a_run_is_a_table(open_page: OpenPage, server: Server) -> None:
    """Commit, command and machine are told; the command can be copied, and packages are found by name."""
    experiment = seeding.create(server.url, "told")
    seeding.tell(server.url, experiment, seeding.CONTEXT, [])
    page = open_page(f"/e/{experiment}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Run").click()
    rows = page.locator(".run tbody tr")
    expect(rows.first).to_contain_text("9f2c1e7a5b")
    expect(rows.first).to_contain_text("on warm-up")
    expect(rows.first).to_contain_text("with changes")
    expect(page.locator(".run tr", has_text="GPUs")).to_contain_text("NVIDIA H100")
    page.get_by_role("button", name="Copy the command line").click()
    expect(page.get_by_role("button", name="Copy the command line")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == seeding.CONTEXT["command"]
    page.get_by_label("Find a package").fill("TOR")
    expect(page.locator(".packages li")).to_have_text(["torch 2.13.0", "tora 1.0.0"])


def test_a_context_that_comes_later_is_shown(open_page: OpenPage, server: Server) -> None:
    """A page that was opened before anything was told shows it when it is."""
    experiment = seeding.create(server.url, "told later")
    page = open_page(f"/e/{experiment}?show=run")
    expect(page.get_by_role("heading", name="Nothing is known of the run")).to_be_visible()
    seeding.tell(server.url, experiment, {"host": "gpu-07"}, [])
    expect(page.locator(".run tr")).to_have_text(["Hostgpu-07"], timeout=15_000)


def test_a_console_is_live(open_page: OpenPage, server: Server) -> None:
    """The page shows the last lines, without what steers a terminal, and new ones as they are printed."""
    experiment = seeding.create(server.url, "printing")
    seeding.tell(server.url, experiment, {}, [("stdout", "\x1b[32mgreen\x1b[0m <b>\x00"), ("stderr", "late")])
    page = open_page(f"/e/{experiment}")
    page.get_by_role("link", name="Console").click()
    pieces = page.locator(".piece")
    expect(pieces).to_have_text(["green <b>\ufffd", "late"])
    expect(pieces.nth(1)).to_have_attribute("data-stream", "stderr")
    more = {"writer": "one", "first": 3, "lines": [{"time": 1.75e9, "stream": "stderr", "text": "later"}]}
    http.request("POST", f"{server.url}/experiments/{experiment}/console", more)
    expect(pieces.nth(1)).to_have_text("late\nlater", timeout=15_000)


def test_a_long_console_begins_at_its_end(open_page: OpenPage, server: Server) -> None:
    """Of many lines the last are shown, with the newest in sight; the earlier ones come when they are asked for."""
    experiment = seeding.create(server.url, "printed much")
    seeding.tell(server.url, experiment, {}, [("stdout", f"line {number}") for number in range(10_000)])
    page = open_page(f"/e/{experiment}?show=console")
    expect(page.locator(".piece").first).to_contain_text("line 8000\n")
    at_the_end = "(box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2"
    assert page.locator(".printed").evaluate(at_the_end)
    page.get_by_role("button", name="Show earlier lines").click()
    expect(page.locator(".piece").first).to_contain_text("line 0\n")
    expect(page.get_by_role("button", name="Show earlier lines")).to_have_count(0)
    expect(page.locator(".piece").last).to_contain_text("line 9999")


def test_the_machine_comes_last_and_folded(open_page: OpenPage, server: Server) -> None:
    """What the machine did is out of the way until a reader unfolds it, and stays so then."""
    experiment = seeding.create(server.url, "machine")
    for name in ("train/loss", "system/cpu_percent"):
        seeding.log(server.url, experiment, {name: seeding.steps([1.0, 2.0])})
    page = open_page(f"/e/{experiment}")
    expect(page.locator(".group h2")).to_have_text(["train", "system"])
    expect(page.locator(".card h3")).to_have_text(["train/loss"])
    page.locator("summary", has_text="system").click()
    expect(page.locator(".card h3")).to_have_text(["train/loss", "system/cpu_percent"])
    page.reload()
    expect(page.locator(".card h3")).to_have_text(["train/loss", "system/cpu_percent"])

"""The pure modules of the dashboard, tested where they run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.support.source import ROOT

TESTS = ROOT / "tests" / "js"
STATIC = ROOT / "src" / "tora" / "server" / "static"
ORIGIN = "http://modules.test"


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Pages whose modules come straight from the source, without a server."""
    made = browser.new_context()
    made.route(f"{ORIGIN}/**", _answer)
    yield made
    made.close()


@pytest.fixture
def empty_page(context: BrowserContext) -> Iterator[Page]:
    """A page without a module."""
    page = context.new_page()
    page.goto(f"{ORIGIN}/")
    yield page
    page.close()


def _answer(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    folders = {"static": STATIC, "tests": TESTS}
    _, folder, *rest = [*path.split("/"), ""]
    if folder not in folders:
        route.fulfill(content_type="text/html", body="<!doctype html><title>modules</title>")
    else:
        source = folders[folder].joinpath(*rest).read_text(encoding="utf-8")
        route.fulfill(content_type="text/javascript", body=source)


@pytest.mark.parametrize("name", sorted(path.name for path in TESTS.glob("*.test.js")))
def test_pure_module(empty_page: Page, name: str) -> None:
    """Every test of the module's file passes in the browser."""
    results = empty_page.evaluate(
        "async (name) => { await import(`/tests/${name}`); return (await import('/tests/harness.js')).run(); }", name
    )
    assert results
    assert {each["name"]: each["error"] for each in results if each["error"]} == {}


def test_every_pure_module_has_tests() -> None:
    """A module that calls itself pure has a file of tests."""
    pure = {path.stem for path in STATIC.glob("*.js") if "Pure" in path.read_text(encoding="utf-8")}
    tested = {path.name.removesuffix(".test.js") for path in TESTS.glob("*.test.js")}
    assert pure - tested == set()


def test_no_module_has_a_bare_import() -> None:
    """Every import is an address: the content policy allows no import map."""
    for path in [path for pattern in ("*.js", "*.mjs") for path in Path(STATIC).rglob(pattern)]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import ", "export ")) and ' from "' in line:
                assert line.rsplit(' from "', 1)[1].startswith(("./", "../", "/")), f"{path}: {line}"

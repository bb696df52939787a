"""A real Chromium, and pages that fail their test when the browser complains."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import define, field
from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, Request, sync_playwright

from tests.support.serving import Server
from tests.support.source import ROOT

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

MOST_KEPT = 4

# For a page that is led elsewhere: to load the dashboard takes most of what a short test takes.
EMPTY = "/favicon.svg"

OpenPage = Callable[..., Page]
Theme = Literal["light", "dark"]


# Not for the session: Playwright's synchronous form keeps an event loop running in this thread, in
# which no other test of the same process could run its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for the tests of this folder in one test process."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield running
        running.close()


# Playwright keeps a mark of its own on whoever owns a method that it calls.
@define(slots=False)
class Complaints:
    """What the browser found wrong with a page."""

    found: list[str] = field(factory=list)
    expected: list[str] = field(factory=list)

    def expect(self, text: str) -> None:
        """Let complaints pass that hold this text."""
        self.expected.append(text)

    def watch(self, page: Page, origin: str) -> None:
        """Gather a page's errors, refusals of the content policy, and requests to other hosts."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._request(request, origin))

    def unexpected(self) -> list[str]:
        """Return what no test asked for."""
        return [text for text in self.found if not any(part in text for part in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        # Refusals of the content policy come as errors too.
        if message.type in {"error", "warning"}:
            self.found.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request, origin: str) -> None:
        if not request.url.startswith((origin, "data:", "blob:")):
            self.found.append(f"request to another host: {request.url}")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Whatever a browser complains about fails the test, unless the test expects it."""
    gathered = Complaints()
    yield gathered
    assert gathered.unexpected() == []


@define
class Kept:
    """Contexts that most pages are opened in, one a server, so that the files of the pages are loaded once.

    The server of a test of its own has one as well; the ones used last are kept.
    """

    browser: Browser
    contexts: dict[str, BrowserContext] = field(factory=dict)
    _cleaners: dict[str, CDPSession] = field(factory=dict)

    def of(self, url: str) -> BrowserContext:
        """Return the context of a server."""
        context = self.contexts.pop(url, None) or self.browser.new_context(base_url=url, reduced_motion="reduce")
        self.contexts[url] = context
        return context

    def forget(self, url: str) -> None:
        """Remove the cookies of a server and what its pages remembered."""
        if url not in self._cleaners:
            blank = self.contexts[url].new_page()  # an empty page stays open: the browser takes such words from pages
            self._cleaners[url] = self.contexts[url].new_cdp_session(blank)
        forgotten = {"origin": url, "storageTypes": "cookies,local_storage"}
        self._cleaners[url].send("Storage.clearDataForOrigin", forgotten)

    def tidy(self) -> None:
        """Close the contexts that were used longest ago; no page of them may be in use."""
        for url in list(self.contexts)[:-MOST_KEPT]:
            self.contexts.pop(url).close()
            self._cleaners.pop(url, None)

    def close(self) -> None:
        """Close all."""
        for context in self.contexts.values():
            context.close()


@pytest.fixture(scope="package")
def kept(browser: Browser) -> Iterator[Kept]:
    """The contexts of one test process."""
    contexts = Kept(browser)
    yield contexts
    contexts.close()


@pytest.fixture
def open_page(browser: Browser, kept: Kept, server: Server, complaints: Complaints) -> Iterator[OpenPage]:
    """A function that opens a path of a server with nothing remembered; options of a context come by keyword.

    A test that changes more than its pages, as the clock does, asks for a context of its own: ``alone=True``.
    """
    own: list[BrowserContext] = []
    shared: dict[str, Page] = {}

    def context(server_url: str, options: dict[str, Any], *, alone: bool) -> BrowserContext:
        if not (server_url in shared or own or options or alone):
            return kept.of(server_url)
        own.append(browser.new_context(base_url=server_url, reduced_motion="reduce", **options))
        return own[-1]

    def open_path(
        path: str,
        *,
        server_url: str = server.url,
        width: int = 1440,
        height: int = 900,
        color_scheme: Theme | None = None,
        alone: bool = False,
        **options: Any,
    ) -> Page:
        chosen = context(server_url, options, alone=alone)
        page = chosen.new_page()
        if chosen not in own:
            shared[server_url] = page
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme, reduced_motion="reduce")
        complaints.watch(page, server_url)
        page.goto(path)
        return page

    yield open_path
    for url, page in shared.items():
        page.close()  # first: a page that goes on without its cookies complains
        kept.forget(url)
    for each in own:
        each.close()
    kept.tidy()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder of the pictures that people look at after a run; git ignores it."""
    folder = ROOT / "test-output" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""A real Chromium, and pages that fail their test when the browser complains."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

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

OpenPage = Callable[..., Page]


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


@pytest.fixture
def open_page(browser: Browser, server: Server, complaints: Complaints) -> Iterator[OpenPage]:
    """A function that opens a path of a server in a new context, with the context's options by keyword."""
    contexts: list[BrowserContext] = []

    def open_path(
        path: str, *, server_url: str = server.url, width: int = 1440, height: int = 900, **options: Any
    ) -> Page:
        context = browser.new_context(
            base_url=server_url, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        complaints.watch(page, server_url)
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder of the pictures that people look at after a run; git ignores it."""
    folder = ROOT / "test-output" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""A team's server with people on it, as a browser meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen
from playwright.sync_api import Page

from tests.browser.conftest import EMPTY, OpenPage
from tests.support import http
from tests.support.serving import Server, serving

__all__ = ["PASSWORD", "Team", "team"]

PASSWORD = "correct horse battery"  # noqa: S105  # of a server that lives as long as a test


@frozen
class Team:
    """A server that lets in only people that it knows."""

    server: Server

    @property
    def url(self) -> str:
        """Return the server's address."""
        return self.server.url

    def welcome(self) -> str:
        """Return the address that the first start printed."""
        found = re.search(r"http\S+/welcome#token=\S+", self.server.said())
        if found is None:
            raise AssertionError(self.server.said())
        return found.group()

    def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Any:
        """Return what the server answers, by itself to whoever has its data folder."""
        answer = http.request(method, self.url + path, body, key=self.server.key if key is None else key)
        if answer.status >= 400:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body[:500]!r}")
        return answer.json()["data"]

    def person(self, name: str, *, is_admin: bool = False) -> str:
        """Make somebody with a password and return their id."""
        made = self.ask("POST", "/users", {"name": name, "isAdmin": is_admin})
        token = made["link"].partition("#token=")[2]
        self.ask("POST", "/password", {"token": token, "password": PASSWORD}, key="")
        return str(made["id"])

    def workspace(self, name: str, **members: str) -> str:
        """Make a workspace with members, `{id: role}`, and return its id."""
        made = self.ask("POST", "/workspaces", {"name": name})
        for user, role in members.items():
            self.ask("PUT", f"/workspaces/{made['id']}/members/{user}", {"role": role})
        return str(made["id"])

    def experiment(self, name: str, workspace: str | None = None) -> str:
        """Make an experiment with one metric and return its id."""
        made = self.ask("POST", "/experiments", {"name": name, "workspaceId": workspace})
        logs = [{"name": "loss", "value": 1 / (step + 1), "step": step} for step in range(20)]
        self.ask("POST", f"/experiments/{made['id']}/logs/batch", {"logs": logs})
        return str(made["id"])

    def open_as(self, open_page: OpenPage, name: str, path: str, **options: Any) -> Page:
        """Open a page of the server as somebody who is signed in."""
        page = open_page(EMPTY, server_url=self.url, **options)
        answer = page.context.request.post(f"{self.url}/session", data={"name": name, "password": PASSWORD})
        if not answer.ok:
            raise AssertionError(answer.text())
        page.goto(path)
        return page


@contextmanager
def team(folder: Path) -> Iterator[Team]:
    """Run a team's server for the length of a ``with`` block."""
    with serving(folder, anonymous=False) as server:
        yield Team(server)

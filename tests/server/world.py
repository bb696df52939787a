"""People, keys and experiments on a server of a test's own: everybody who could ask."""

from __future__ import annotations

import datetime as dt
import http.client
import json
from typing import Any, Final

from attrs import define, field

from tests.support.http import Answer
from tests.support.polling import until
from tests.support.serving import Server

__all__ = ["PASSWORD", "PEOPLE", "World", "ask"]

PASSWORD: Final = "correct horse battery"  # noqa: S105  # of people who live for one test
PEOPLE: Final = ("stranger", "viewer", "editor", "owner", "admin")
MEMBERS: Final = ("viewer", "editor", "owner")


def ask(
    port: int,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
    host: str | None = None,
) -> Answer:
    """Send one request with exactly these headers; of a stream the head alone is read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, path, payload, sent | ({} if host is None else {"Host": host}) | (headers or {}))
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    is_stream = found.get("content-type", "").startswith("text/event-stream")
    answer = Answer(response.status, found, b"" if is_stream else response.read())
    connection.close()
    return answer


@define
class World:
    """A workspace "here" with a viewer, an editor and an owner; another, "there", of that owner; and others.

    Attributes:
        server: Where all that is.
        headers: What each of those who ask sends.
        users: The people's ids.
        secrets: All that was used to get in.
    """

    server: Server
    headers: dict[str, dict[str, str]] = field(factory=lambda: {"nobody": {}})
    users: dict[str, str] = field(factory=dict)
    secrets: set[str] = field(factory=set)
    here: str = ""
    there: str = ""
    _count: int = 0

    @classmethod
    def of(cls, server: Server) -> World:
        """Return a new one."""
        world = cls(server)
        world.headers["local"] = {"x-api-key": server.key}
        world.secrets.add(server.key)
        for name in PEOPLE:
            world.users[name] = world.do(
                "local", "POST", "/users", {"name": f"the-{name}", "isAdmin": name == "admin"}
            )["id"]
            world.sign_in(name)
        world.here, world.there = world.workspace("here"), world.workspace("there")
        for name in MEMBERS:
            world.do("local", "PUT", f"/workspaces/{world.here}/members/{world.users[name]}", {"role": name})
        world._fill()
        world._make_keys()
        return world

    def ask(self, who: str, method: str, path: str, body: object = None) -> Answer:
        """Send one request as somebody."""
        return ask(self.server.port, method, path, body, self.headers[who])

    def do(self, who: str, method: str, path: str, body: object = None) -> Any:
        """Return the data of a request that must succeed."""
        answer = self.ask(who, method, path, body)
        if answer.status >= 300:
            raise AssertionError(f"{who}: {method} {path}: {answer.status} {answer.body[:500]!r}")
        return answer.json()["data"]

    def new_name(self) -> str:
        """Return a name that nothing here has."""
        self._count += 1
        return f"n{self._count}"

    def sign_in(self, name: str) -> None:
        """Give one of the people a new session."""
        answer = ask(
            self.server.port, "POST", "/password", {"password": PASSWORD, "token": self.ticket(self.users[name])}
        )
        assert answer.status == 200, answer.body
        cookie = answer.headers["set-cookie"].partition(";")[0]
        self.secrets.add(cookie.partition("=")[2])
        self.headers[name] = {"Cookie": cookie}

    def ticket(self, user: str) -> str:
        """Return the token of a new one-time link."""
        return self._token(self.do("local", "POST", f"/users/{user}/link")["link"])

    def user(self) -> str:
        """Return the id of a new user without a password."""
        found: str = self.do("local", "POST", "/users", {"name": self.new_name()})["id"]
        return found

    def workspace(self, name: str = "other") -> str:
        """Return the id of a new workspace of the owner's."""
        found: str = self.do("owner", "POST", "/workspaces", {"name": name})["id"]
        return found

    def experiment(self, who: str = "editor", workspace: str | None = None, **fields: Any) -> str:
        """Return the id of a new experiment."""
        body = {"name": "throwaway", "workspaceId": workspace, **fields}
        found: str = self.do(who, "POST", "/experiments", body)["id"]
        return found

    def key(self, who: str, **fields: Any) -> dict[str, Any]:
        """Return a new key of somebody's, with its record."""
        made: dict[str, Any] = self.do(who, "POST", "/api-keys", {"name": "k", "scope": "full", **fields})
        self.secrets.add(made["key"])
        return made

    def share(self, experiment: str) -> dict[str, Any]:
        """Return a new share, with the token of its link."""
        made: dict[str, Any] = self.do("local", "POST", f"/experiments/{experiment}/shares")
        return made | {"token": self._token(made["link"])}

    def invitation(self, workspace: str, **fields: Any) -> dict[str, Any]:
        """Return a new invitation, with the token of its link."""
        made: dict[str, Any] = self.do("local", "POST", f"/workspaces/{workspace}/invitations", fields)
        return made | {"token": self._token(made["link"])}

    def _token(self, link: str) -> str:
        token = link.partition("#token=")[2].partition("&")[0]
        self.secrets.add(token)
        return token

    def _fill(self) -> None:
        for experiment, who, workspace in (
            ("in-here", "editor", self.here),
            ("in-there", "owner", self.there),
            ("of-viewer", "viewer", None),
            ("of-stranger", "stranger", None),
        ):
            fields = {"id": experiment, "tags": [f"t-{experiment}"]}
            hyperparams = [{"key": f"p-{experiment}", "value": 1}]
            self.experiment(who, workspace, hyperparams=hyperparams, **fields)
            self.do(
                who,
                "POST",
                f"/experiments/{experiment}/logs/batch",
                {"logs": [{"name": f"m-{experiment}", "value": 1}]},
            )

    def _make_keys(self) -> None:
        soon = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)).isoformat()
        made = {
            "expired": self.key("owner", expires=soon),
            "revoked": self.key("owner"),
            "elsewhere": self.key("owner", workspaceId=self.there),
            "bound": self.key("owner", workspaceId=self.here),
            "read": self.key("owner", scope="read"),
            "write": self.key("owner", scope="write"),
            "viewer-key": self.key("viewer"),
        }
        self.headers |= {who: {"x-api-key": key["key"]} for who, key in made.items()}
        self.do("owner", "DELETE", f"/api-keys/{made['revoked']['id']}")
        token = self.do("editor", "GET", "/experiments/in-here")["writeToken"]
        self.secrets.add(token)
        self.headers["token"] = {"Authorization": f"Bearer {token}"}
        shared = self.ask("nobody", "POST", "/session", {"token": self.share("in-here")["token"]})
        self.headers["share"] = {"Cookie": shared.headers["set-cookie"].partition(";")[0]}
        self.users["disabled"] = self.user()
        self.do("local", "PUT", f"/workspaces/{self.here}/members/{self.users['disabled']}", {"role": "owner"})
        self.sign_in("disabled")
        self.headers["disabled"] = {"x-api-key": self.key("disabled")["key"]}
        self.do("local", "PATCH", f"/users/{self.users['disabled']}", {"disabled": True})
        until(lambda: self.ask("expired", "GET", "/session").status == 401, "end of the key that expires")

"""Every route, asked by everybody who could ask, answers what docs/protocol.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.server.world import PEOPLE, World
from tests.support.serving import serving
from tora.server.routes import ROUTES

WHO: Final = (
    *("nobody", "stranger", "viewer", "editor", "owner", "admin", "token", "expired", "revoked", "elsewhere"),
    *("bound", "read", "write", "viewer-key", "share", "disabled", "anonymous"),
)
"""In the order of the table's columns.

The stranger, the viewer, the editor, the owner and the admin are signed in; the stranger and the admin are members
of nothing. The token is the experiment's. All keys are the owner's but for the viewer's: "elsewhere" is for another
workspace, "bound" for this one, "read" and "write" are scopes, all others have the scope full. "share" came by a
link, "disabled" is a key of an owner who is barred, and "anonymous" asks a server that was started with --anonymous.
"""

# By hand, from docs/protocol.md. What is asked for is in the workspace of the viewer, the editor and the owner.
TABLE: Final = """
                                                 nob str vie edi own adm tok exp rev els bou rea wri vke sha dis ano
GET /health                                      200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /openapi.json                                200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
POST /experiments                                401 404 403 201 201 201 403 401 401 404 201 403 201 403 401 401 404
GET /experiments                                 401 200 200 200 200 200 403 401 401 200 200 200 200 200 200 401 200
GET /experiments/{id}                            401 404 200 200 200 200 200 401 401 404 200 200 200 200 200 401 404
PATCH /experiments/{id}                          401 404 403 200 200 200 403 401 401 404 200 403 200 403 401 401 404
DELETE /experiments/{id}                         401 404 403 200 200 200 403 401 401 404 200 403 200 403 401 401 404
POST /experiments/{id}/logs/batch                401 404 403 201 201 201 201 401 401 404 201 403 201 403 401 401 404
POST /experiments/{id}/metrics/batch             401 404 403 201 201 201 201 401 401 404 201 403 201 403 401 401 404
POST /experiments/{id}/heartbeat                 401 404 403 200 200 200 200 401 401 404 200 403 200 403 401 401 404
POST /experiments/{id}/console                   401 404 403 201 201 201 201 401 401 404 201 403 201 403 401 401 404
GET /experiments/{id}/console                    401 404 200 200 200 200 403 401 401 404 200 200 200 200 200 401 404
GET /experiments/{id}/metrics                    401 404 200 200 200 200 403 401 401 404 200 200 200 200 200 401 404
GET /experiments/{id}/writers                    401 404 200 200 200 200 403 401 401 404 200 200 200 200 200 401 404
GET /experiments/{id}/export                     401 404 200 200 200 200 403 401 401 404 200 200 200 200 200 401 404
GET /experiments/{id}/events                     401 404 200 200 200 200 403 401 401 404 200 200 200 200 200 401 404
GET /experiments/{id}/shares                     401 404 403 200 200 200 403 401 401 404 200 403 403 403 401 401 404
POST /experiments/{id}/shares                    401 404 403 201 201 201 403 401 401 404 201 403 403 403 401 401 404
DELETE /experiments/{id}/shares/{share}          401 404 403 200 200 200 403 401 401 404 200 403 403 403 401 401 404
GET /series                                      401 404 200 200 200 200 403 401 401 404 200 200 200 200 200 401 404
GET /columns                                     401 200 200 200 200 200 403 401 401 200 200 200 200 200 200 401 200
GET /events                                      401 200 200 200 200 200 403 401 401 200 200 200 200 200 200 401 200
GET /workspaces                                  401 200 200 200 200 200 403 401 401 200 200 200 200 200 401 401 401
POST /workspaces                                 401 201 201 201 201 201 403 401 401 403 403 403 201 201 401 401 401
GET /workspaces/{id}                             401 404 200 200 200 200 403 401 401 404 200 200 200 200 401 401 404
PATCH /workspaces/{id}                           401 404 403 403 200 200 403 401 401 404 200 403 403 403 401 401 401
DELETE /workspaces/{id}                          401 404 403 403 200 200 403 401 401 404 200 403 403 403 401 401 401
GET /workspaces/{id}/members                     401 404 200 200 200 200 403 401 401 404 200 200 200 200 401 401 404
PUT /workspaces/{id}/members/{user}              401 404 403 403 200 200 403 401 401 404 200 403 403 403 401 401 401
DELETE /workspaces/{id}/members/{user}           401 404 403 403 200 200 403 401 401 404 200 403 403 403 401 401 404
GET /workspaces/{id}/invitations                 401 404 403 403 200 200 403 401 401 404 200 403 403 403 401 401 401
POST /workspaces/{id}/invitations                401 404 403 403 201 201 403 401 401 404 201 403 403 403 401 401 401
DELETE /workspaces/{id}/invitations/{invitation} 401 404 403 403 200 200 403 401 401 404 200 403 403 403 401 401 401
POST /invitations                                200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /session                                     200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
POST /session                                    200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
DELETE /session                                  200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
POST /password                                   200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /api-keys                                    401 200 200 200 200 200 403 401 401 200 200 403 403 200 401 401 401
POST /api-keys                                   401 201 201 201 201 201 403 401 401 201 201 403 403 201 401 401 401
DELETE /api-keys/{key}                           401 200 200 200 200 200 403 401 401 200 200 403 403 200 401 401 401
GET /users                                       401 403 403 403 403 200 403 401 401 403 403 403 403 403 401 401 401
POST /users                                      401 403 403 403 403 201 403 401 401 403 403 403 403 403 401 401 401
PATCH /users/{user}                              401 403 403 403 403 200 403 401 401 403 403 403 403 403 401 401 401
DELETE /users/{user}                             401 403 403 403 403 200 403 401 401 403 403 403 403 403 401 401 401
POST /users/{user}/link                          401 403 403 403 403 201 403 401 401 403 403 403 403 403 401 401 401
GET /metrics/prometheus                          401 403 403 403 403 200 403 401 401 403 403 403 403 403 401 401 401
GET /backup                                      401 403 403 403 403 200 403 401 401 403 403 403 403 403 401 401 401
GET /audit                                       401 403 403 403 403 200 403 401 401 403 403 403 403 403 401 401 401
GET /                                            200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /e/{id}                                      200 404 200 200 200 200 200 401 401 404 200 200 200 200 200 401 404
GET /mine                                        200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /w/{id}                                      200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /w/{id}/settings                             200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /compare                                     200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /settings                                    200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /login                                       200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /welcome                                     200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /join                                        200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /shared                                      200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /static/{path:.+}                            200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /favicon.ico                                 200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
GET /favicon.svg                                 200 200 200 200 200 200 200 401 401 200 200 200 200 200 200 401 200
"""

# Somebody's own experiment on an anonymous server that nobody made: who has no key may read and change it.
NOBODYS: Final = {
    "GET /experiments/{id}": 200,
    "PATCH /experiments/{id}": 200,
    "POST /experiments/{id}/logs/batch": 201,
    "POST /experiments/{id}/metrics/batch": 201,
    "POST /experiments/{id}/heartbeat": 200,
    "POST /experiments/{id}/console": 201,
    "GET /experiments/{id}/console": 200,
    "GET /experiments/{id}/metrics": 200,
    "GET /experiments/{id}/writers": 200,
    "GET /experiments/{id}/export": 200,
    "GET /experiments/{id}/events": 200,
    "GET /experiments/{id}/shares": 401,
    "POST /experiments/{id}/shares": 401,
    "DELETE /experiments/{id}/shares/{share}": 401,
    "GET /series": 200,
    "DELETE /experiments/{id}": 200,
}

SEEN: Final[dict[str, set[str]]] = {
    "stranger": {"of-stranger"},
    "viewer": {"in-here", "of-viewer"},
    "editor": {"in-here"},
    "owner": {"in-here", "in-there"},
    "admin": {"in-here", "in-there", "of-viewer", "of-stranger"},
    "local": {"in-here", "in-there", "of-viewer", "of-stranger"},
    "elsewhere": {"in-there"},
    "bound": {"in-here"},
    "read": {"in-here", "in-there"},
    "write": {"in-here", "in-there"},
    "viewer-key": {"in-here", "of-viewer"},
    "share": {"in-here"},
    "anonymous": {"of-nobody"},
}
"""The experiments that each may see, of those that `World` makes and one that nobody made on the anonymous server."""

BATCH: Final = [{"name": "loss", "value": 1}]
BODIES: Final[dict[str, Any]] = {
    "PATCH /experiments/{id}": {"notes": "seen"},
    "POST /experiments/{id}/logs/batch": {"logs": BATCH},
    "POST /experiments/{id}/metrics/batch": {"metrics": BATCH},
    "POST /experiments/{id}/heartbeat": {"writer": "w"},
    "POST /experiments/{id}/console": {"writer": "w", "first": 1, "lines": []},
    "POST /workspaces": {"name": "new"},
    "PATCH /workspaces/{id}": {"description": "changed"},
    "PUT /workspaces/{id}/members/{user}": {"role": "viewer"},
    "POST /workspaces/{id}/invitations": {},
    "POST /api-keys": {"name": "new"},
    "PATCH /users/{user}": {"disabled": True},
}


def expected() -> dict[str, dict[str, int]]:
    """Return the table as a mapping: route, then who, to the status."""
    _, *lines = TABLE.strip().splitlines()
    rows = {line[:48].strip(): [int(status) for status in line[48:].split()] for line in lines}
    return {route: dict(zip(WHO, row, strict=True)) for route, row in rows.items()}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """Two servers with the same people, one of them anonymous; `worlds(who)` is the one that somebody asks."""
    folder = tmp_path_factory.mktemp("rights")
    with serving(folder / "closed", anonymous=False) as closed, serving(folder / "open") as opened:
        world, other = World.of(closed), World.of(opened)
        other.headers["anonymous"] = {}
        other.experiment(
            "anonymous", id="of-nobody", tags=["t-of-nobody"], hyperparams=[{"key": "p-of-nobody", "value": 1}]
        )
        other.do(
            "anonymous", "POST", "/experiments/of-nobody/logs/batch", {"logs": [{"name": "m-of-nobody", "value": 1}]}
        )
        yield lambda who: other if who == "anonymous" else world


class Calls:
    """Makes a call of a route such that it would succeed for who may make it."""

    def __init__(self, world: World, who: str, *, allowed: bool) -> None:
        self.world = world
        self.who = who
        self.allowed = allowed

    def status(self, route: str) -> int:
        """Return what is answered."""
        method, pattern = route.split(" ", 1)
        path, body = self._path(route, pattern), self._body(route)
        status = self.world.ask(self.who, method, path, body).status
        if route in {"POST /password", "DELETE /session"} and self.who in PEOPLE:
            self.world.sign_in(self.who)
        return status

    def _path(self, route: str, pattern: str) -> str:
        path = pattern.replace("{path:.+}", "app.js")
        if pattern.startswith(("/workspaces/", "/w/")):
            path = path.replace("{id}", self._workspace(route))
        path = path.replace("{id}", self._experiment(route))
        for name, value in (("{share}", self._share), ("{invitation}", self._invitation), ("{user}", self._user)):
            if name in path:
                path = path.replace(name, value(route))
        if "{key}" in path:
            path = path.replace("{key}", self._key())
        return f"{path}?experiment=in-here&name=loss" if pattern == "/series" else path

    def _body(self, route: str) -> object:
        world = self.world
        match route:
            case "POST /experiments":
                return {"name": "throwaway", "workspaceId": world.here}
            case "POST /invitations":
                return {"token": world.invitation(world.here)["token"]}
            case "POST /session":
                return {"token": world.share("in-here")["token"]}
            case "POST /password":
                return {"password": "another good one", "token": world.ticket(world.user())}
            case "POST /users":
                return {"name": world.new_name()}
            case _:
                return BODIES.get(route)

    def _experiment(self, route: str) -> str:
        throwaway = self.allowed and route == "DELETE /experiments/{id}"
        return self.world.experiment(workspace=self.world.here) if throwaway else "in-here"

    def _workspace(self, route: str) -> str:
        if not (self.allowed and route == "DELETE /workspaces/{id}"):
            return self.world.here
        made = self.world.workspace()
        if self.who == "bound":
            self.world.headers["bound to go"] = {"x-api-key": self.world.key("owner", workspaceId=made)["key"]}
            self.who = "bound to go"
        return made

    def _share(self, _route: str) -> str:
        found: str = self.world.share("in-here")["id"]
        return found

    def _invitation(self, _route: str) -> str:
        found: str = self.world.invitation(self.world.here)["id"]
        return found

    def _user(self, route: str) -> str:
        user = self.world.user()
        if route == "DELETE /workspaces/{id}/members/{user}":
            self.world.do("local", "PUT", f"/workspaces/{self.world.here}/members/{user}", {"role": "viewer"})
        return user

    def _key(self) -> str:
        found: str = self.world.key(self.who)["id"] if self.allowed else "k0"
        return found


def test_every_route_has_a_row() -> None:
    """A route that nobody has thought about fails here, as does a row without a route."""
    assert {f"{route.method} {route.path}" for route in ROUTES} == expected().keys()


def test_every_answer_is_the_one_of_the_table(worlds: Callable[[str], World]) -> None:
    """Each route answers each caller with the status of the table."""
    wrong: list[str] = []
    table = expected()
    for route, row in table.items():
        for who, status in row.items():
            got = Calls(worlds(who), who, allowed=status < 300).status(route)
            if got != status:
                wrong.append(f"{route} as {who}: {got}, not {status}")
    print(f"rights walk: {len(table)} routes, {len(table) * len(WHO)} cases, {len(wrong)} wrong answers")  # noqa: T201  # the figures
    assert not wrong, "\n".join(wrong)


def test_the_head_of_an_answer_takes_the_same_right(worlds: Callable[[str], World]) -> None:
    """HEAD is answered with the status that GET has."""
    table = expected()
    wrong: list[str] = []
    for route in (each for each in ROUTES if each.answers_head):
        name = f"{route.method} {route.path}"
        for who, status in table[name].items():
            got = Calls(worlds(who), who, allowed=False).status(name.replace("GET", "HEAD"))
            if got != status:
                wrong.append(f"HEAD {route.path} as {who}: {got}, not {status}")
    assert not wrong, "\n".join(wrong)


def test_what_nobody_made_is_everybodys_on_an_anonymous_server(worlds: Callable[[str], World]) -> None:
    """Without a key experiments of nobody's can be read and changed, but not shared."""
    world = worlds("anonymous")
    made = world.experiment("anonymous")
    for route, status in NOBODYS.items():
        method, pattern = route.split(" ")
        path = f"/series?experiment={made}" if pattern == "/series" else pattern.format(id=made, share="s0")
        assert world.ask("anonymous", method, path, BODIES.get(route)).status == status, route


@pytest.mark.parametrize("who", SEEN)
def test_lists_show_what_each_may_see(worlds: Callable[[str], World], who: str) -> None:
    """Experiments, columns and series are exactly those of the experiments that the caller may see."""
    world = worlds(who)
    everything = set().union(*SEEN.values())
    listed = world.do(who, "GET", "/experiments?limit=1000")
    assert {one["id"] for one in listed["items"]} & everything == SEEN[who]
    columns = world.do(who, "GET", "/columns")
    for kind, letter in (("params", "p"), ("metrics", "m"), ("tags", "t")):
        names = {each["name"] for each in columns[kind]}
        assert {one for one in everything if f"{letter}-{one}" in names} == SEEN[who], kind
    readable = {one for one in everything if world.ask(who, "GET", f"/series?experiment={one}").status == 200}
    assert readable == SEEN[who]
    assert not [one for one in listed["items"] if one.get("writeToken")]


@pytest.mark.parametrize("who", [who for who in SEEN if who not in {"share", "anonymous"}])
def test_workspaces_are_the_callers_own(worlds: Callable[[str], World], who: str) -> None:
    """The list of workspaces has those that the caller is in, or that their key is for; an administrator sees all."""
    world = worlds(who)
    listed = {each["id"] for each in world.do(who, "GET", "/workspaces")} & {world.here, world.there}
    theirs = {"in-here": world.here, "in-there": world.there}
    assert listed == {theirs[one] for one in SEEN[who] if one in theirs}

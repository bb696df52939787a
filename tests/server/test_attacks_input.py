"""Bodies, paths and queries that were made to do harm."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import pytest

from tests.server.conftest import refusal
from tests.server.test_attacks_pages import named, path_of
from tests.server.test_rights import SEEN
from tests.server.world import World
from tora.server.routes import ROUTES, Route

CHANGING: Final = [route for route in ROUTES if route.body is not None]
ASKED: Final = [route for route in ROUTES if route.query is not None]

UPWARD: Final = (
    *("../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/local-key", "../local-key"),
    *("....//....//local-key", "..%5c..%5clocal-key", "%c0%ae%c0%ae/local-key", "..%00/local-key", "%252e%252e%252f"),
    *("/etc/passwd", "//etc/passwd", "file:///etc/passwd", "C:%5cWindows%5cwin.ini", "catalog.sqlite", "~root"),
)

SQL: Final = (
    *("' OR '1'='1", "'; DROP TABLE experiments; --", '" OR ""="', "x') OR 1=1 --", "1; ATTACH 'evil.db' AS evil"),
    *("%' ESCAPE '", "') UNION SELECT value FROM secrets --", "read_csv('/etc/passwd')", "\\'; --", "$$;SELECT 1"),
    *("COPY points TO 'out.csv'", "x' AND randomblob(1000000000) --", "NULL", "1e999", "\u02bc OR 1=1"),
)

MORE: Final[dict[str, Any]] = {
    "isAdmin": True,
    "is_admin": True,
    "role": "owner",
    "scope": "full",
    "creatorId": "owner",
    "userId": "owner",
    "user_id": "owner",
    "disabled": False,
    "password_hash": "x",
    "createdAt": "2000-01-01T00:00:00Z",
    "id": "mine",
    "workspace_id": "x",
    "writeToken": "x",
    "ownerWriter": "w",
    "expiresAt": None,
    "__proto__": {},
    "hint": "x",
}


@pytest.mark.parametrize("route", [one for one in ROUTES if "{" in one.path], ids=named)
def test_no_path_leads_out(world: World, route: Route) -> None:
    """Path traversal: each path parameter of each route takes 15 ways up; none answers with a file's content."""
    _nothing_leaks(world, route, [route.path.replace("{path:.+}", "{path}").format_map(_Same(way)) for way in UPWARD])


@pytest.mark.parametrize("route", ASKED, ids=named)
def test_no_query_leads_out(world: World, route: Route) -> None:
    """Path traversal: each query parameter of each route takes 15 ways up; none answers with a file's content."""
    assert route.query is not None
    names = [each.encode_name for each in msgspec.structs.fields(route.query)]
    path = path_of(route).replace("/id", "/in-here")
    _nothing_leaks(world, route, [f"{path}?{quote(name)}={quote(way)}" for name in names for way in UPWARD])


@pytest.mark.parametrize("route", ASKED, ids=named)
def test_no_query_is_sql(world: World, route: Route) -> None:
    """SQL injection: each query parameter takes 15 payloads; the viewer sees no more than before, and nothing fails."""
    assert route.query is not None
    path = path_of(route).replace("/id", "/in-here")
    for each in msgspec.structs.fields(route.query):
        for payload in SQL:
            answer = world.ask("viewer", "GET", f"{path}?{urlencode({each.encode_name: payload})}")
            assert answer.status in {200, 400, 403, 404}, (each.name, payload, answer.body)
            if route.path == "/experiments" and answer.status == 200:
                found = {one["id"] for one in answer.json()["data"]["items"]}
                assert not found & (SEEN["admin"] - SEEN["viewer"])


@pytest.mark.parametrize("payload", SQL)
def test_no_text_is_sql(world: World, payload: str) -> None:
    """SQL injection: a payload in each text field is stored and found as it is, and everything else is unharmed."""
    before = world.do("admin", "GET", "/experiments?archived=all")["total"]
    body: dict[str, Any] = {
        "description": payload,
        "tags": [payload],
        "hyperparams": [{"key": payload, "value": payload}],
    }
    made = world.experiment(**body, name=payload)
    world.do("editor", "PATCH", f"/experiments/{made}", {"notes": payload})
    logs = [{"name": payload, "value": 1, "metadata": {payload: payload}, "msg_id": "m"}]
    world.do("editor", "POST", f"/experiments/{made}/logs/batch", {"logs": logs})
    found = world.do("editor", "GET", f"/experiments/{made}")
    assert [found["name"], found["description"], found["notes"], *found["tags"]] == [payload] * 4
    assert found["hyperparams"] == [{"key": payload, "value": payload}]
    series = world.do("editor", "GET", f"/series?{urlencode({'experiment': made, 'name': payload})}")["series"]
    assert [each["name"] for each in series] == [payload]
    listed = world.do("editor", "GET", f"/experiments?{urlencode({'q': payload, 'tag': payload})}")
    assert [one["id"] for one in listed["items"]] == [made]
    quoted = f"'{payload}'" if '"' in payload else f'"{payload}"'
    if "\\" not in payload:
        filtered = world.do("editor", "GET", f"/experiments?{urlencode({'filter': f'tag = {quoted}'})}")
        assert [one["id"] for one in filtered["items"]] == [made]
    for path in (
        f"/experiments/{quote(payload, '')}",
        f"/workspaces/{quote(payload, '')}",
        f"/users/{quote(payload, '')}",
    ):
        assert world.ask("admin", "DELETE", path).status == 404
    assert world.do("admin", "GET", "/experiments?archived=all")["total"] == before + 1
    world.do("editor", "DELETE", f"/experiments/{made}")


def test_signing_in_is_no_sql(world: World) -> None:
    """SQL injection: a payload for a name or a password signs nobody in."""
    for payload in SQL[:2]:
        answer = world.ask("nobody", "POST", "/session", {"name": f"the-admin{payload}", "password": payload})
        assert answer.status in {401, 429}


@pytest.mark.parametrize("route", CHANGING, ids=named)
def test_fields_that_are_not_asked_for_are_refused(world: World, route: Route) -> None:
    """Mass assignment: each body with one of 17 further fields (isAdmin, role, creatorId ...) is refused, naming it."""
    assert route.body is not None
    known = {each.encode_name for each in msgspec.structs.fields(route.body)}
    path = (
        path_of(route)
        .replace("/experiments/id", "/experiments/in-here")
        .replace("/workspaces/id", f"/workspaces/{world.here}")
    )
    for name, value in MORE.items():
        if name not in known:
            message = refusal(world.ask("local", route.method, path, {name: value}), 400, "validation")
            assert name in message or "missing" in message, message


@pytest.mark.parametrize("route", CHANGING, ids=named)
def test_no_nesting_brings_the_server_down(world: World, route: Route) -> None:
    """JSON depth bomb: lists and mappings nested 100,000 deep get a 4xx, in whatever field."""
    path = path_of(route).replace("/id", "/in-here")
    fields = [each.encode_name for each in msgspec.structs.fields(route.body)] if route.body else []
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        nested = opening * 100_000 + b"1" + closing * 100_000
        for body in (nested, *(b'{"%b":%b}' % (name.encode(), nested) for name in fields)):
            assert 400 <= world.ask("local", route.method, path, body).status < 500
    assert world.ask("nobody", "GET", "/health").status == 200


@pytest.mark.parametrize("route", CHANGING, ids=named)
def test_no_body_swells_in_memory(world: World, route: Route) -> None:
    """Gzip and deflate bombs of 200 MB, once and twice packed, get a 413 or 400, and take less than 64 MB of memory."""
    path = path_of(route).replace("/id", "/in-here")
    before = _peak(world)
    for body, encoding in BOMBS:
        answer = _packed(world, route, path, body, encoding)
        assert answer in {400, 413}, (encoding, answer)
    assert _peak(world) - before < 64 * 1024


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "x", "gzip, gzip", "identity, gzip"])
def test_an_encoding_that_is_not_taken_is_no_way_in(world: World, encoding: str) -> None:
    """What is packed in a way that the server does not unpack is no JSON to it, and gets a 4xx."""
    route = next(each for each in CHANGING if each.path == "/experiments")
    assert 400 <= _packed(world, route, "/experiments", gzip.compress(b'{"name": "a"}'), encoding) < 500


class _Same(dict[str, str]):
    """One value for any name."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, name: str) -> str:
        return self.value


def _bomb(window: int) -> bytes:
    packer = zlib.compressobj(wbits=window)
    return b"".join([*(packer.compress(bytes(1024 * 1024)) for _ in range(200)), packer.flush()])


BOMBS: Final = ((_bomb(31), "gzip"), (_bomb(15), "deflate"), (gzip.compress(_bomb(31)), "gzip"))


def _packed(world: World, route: Route, path: str, body: bytes, encoding: str) -> int:
    world.headers["packed"] = world.headers["local"] | {"Content-Encoding": encoding}
    return world.ask("packed", route.method, path, body).status


def _peak(world: World) -> int:
    """Return the most memory that the server has had, in KiB."""
    status = Path(f"/proc/{world.server.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def _nothing_leaks(world: World, route: Route, paths: list[str]) -> None:
    body: dict[str, object] | None = {} if route.method in {"POST", "PUT", "PATCH"} else None
    for path in paths:
        answer = world.ask("local", route.method, path, body)
        assert answer.status in {200, 400, 403, 404, 405}, (path, answer.status)
        for content in (b"root:", b"SQLite format", world.server.key.encode()):
            assert content not in answer.body, path
        if answer.status == 200 and route.path.startswith("/static"):
            raise AssertionError(f"{path} is no file of the page")

"""What pages of other sites, and what people write into records, could do through a browser."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.server.conftest import refusal
from tests.server.world import PASSWORD, World, ask
from tests.support.http import Answer
from tora.server.routes import ROUTES, Route

EVIL = "http://evil.example"
FOREIGN = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def path_of(route: Route) -> str:
    """Return a path that fits a route."""
    return route.path.replace("{path:.+}", "app.js").replace("{", "").replace("}", "")


def named(route: Any) -> str:
    """Return what a route is called in the report."""
    return f"{route.method} {route.path}"


def as_page(world: World, route: Route, **headers: str) -> Answer:
    """Ask as a page does in whose browser the administrator is signed in."""
    body: dict[str, object] | None = {} if route.method in {"POST", "PUT", "PATCH"} else None
    return ask(world.server.port, route.method, path_of(route), body, world.headers["admin"] | headers)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_name_that_was_made_to_point_here_gets_nothing(world: World, route: Route) -> None:
    """DNS rebinding: each route is asked as evil.example with the administrator's cookie; each answers 421."""
    host = f"evil.example:{world.server.port}"
    answer = ask(world.server.port, route.method, path_of(route), None, world.headers["admin"], host)
    refusal(answer, 421, "wrong_host")


@pytest.mark.parametrize("route", [one for one in ROUTES if one.method != "GET"], ids=named)
@pytest.mark.parametrize(
    "headers",
    [{"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, FOREIGN],
    ids=["origin", "sandboxed", "cross-site", "other-port", "all"],
)
def test_another_site_changes_nothing(world: World, route: Route, headers: dict[str, str]) -> None:
    """Cross-site requests: each call that changes something, sent from another page with the cookie, gets 403."""
    refusal(as_page(world, route, **headers), 403, "wrong_origin")


@pytest.mark.parametrize("route", [one for one in ROUTES if one.method == "GET"], ids=named)
def test_another_site_reads_nothing(world: World, route: Route) -> None:
    """Cross-site reading, event streams and WebSockets: each GET from another page gets 403 and no CORS header."""
    for more in ({}, {"Accept": "text/event-stream"}, {"Upgrade": "websocket", "Connection": "Upgrade"}):
        answer = as_page(world, route, **FOREIGN, **more)
        refusal(answer, 403, "wrong_origin")
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_another_site_can_link_here_but_not_frame(world: World) -> None:
    """A link that somebody follows opens the page, which refuses to be framed; a frame or an image gets 403."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    opened = ask(world.server.port, "GET", "/", None, link)
    assert opened.status == 200
    assert "frame-ancestors 'none'" in opened.headers["content-security-policy"]
    for destination in ("iframe", "object", "embed"):
        refusal(ask(world.server.port, "GET", "/", None, link | {"Sec-Fetch-Dest": destination}), 403, "wrong_origin")
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    refusal(ask(world.server.port, "GET", "/favicon.svg", None, image), 403, "wrong_origin")


def test_a_session_cannot_be_planted(world: World) -> None:
    """Session fixation: a cookie that somebody else chose, or had, is not the one that signing in makes."""
    name = f"tora-session-{world.server.port}"
    theirs = world.headers["stranger"]["Cookie"]
    for planted in (f"{name}=chosen-by-somebody-else", theirs):
        ticket = world.ticket(world.users["stranger"])
        body = {"password": PASSWORD, "token": ticket}
        answer = ask(world.server.port, "POST", "/password", body, {"Cookie": planted})
        made = answer.headers["set-cookie"].partition(";")[0]
        assert made not in {planted, theirs}
        assert ask(world.server.port, "GET", "/experiments", None, {"Cookie": planted}).status == 401
        world.headers["stranger"] = {"Cookie": made}
        world.secrets.add(made.partition("=")[2])
    assert world.ask("stranger", "GET", "/experiments").status == 200


def test_a_session_ends_with_signing_out(world: World) -> None:
    """The cookie of a browser that has signed out opens nothing, whoever kept a copy."""
    kept = world.headers["stranger"]
    assert world.ask("stranger", "DELETE", "/session").status == 200
    assert ask(world.server.port, "GET", "/experiments", None, kept).status == 401
    world.sign_in("stranger")


def test_cookies_are_for_this_server_alone(world: World) -> None:
    """Scripts cannot read the cookies, other sites cannot send them, and no other host gets them."""
    signed_in = ask(
        world.server.port, "POST", "/password", {"password": PASSWORD, "token": world.ticket(world.user())}
    ).headers["set-cookie"]
    shared = ask(world.server.port, "POST", "/session", {"token": world.share("in-here")["token"]})
    for cookie in (signed_in, shared.headers["set-cookie"]):
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= flags
        assert not [flag for flag in flags if flag.startswith("domain")]


def test_what_people_write_is_never_a_page(world: World) -> None:
    """Stored script: markup in every text field comes back as data that no browser takes for a page."""
    made = world.experiment(
        workspace=world.here, description=SCRIPT, tags=["<b>"], hyperparams=[{"key": "<i>", "value": SCRIPT}]
    )
    world.do("editor", "PATCH", f"/experiments/{made}", {"name": SCRIPT[:200], "notes": SCRIPT})
    batch = {"logs": [{"name": "<script>", "value": 1, "metadata": {"<u>": SCRIPT}}]}
    world.do("editor", "POST", f"/experiments/{made}/logs/batch", batch)
    for route in ROUTES:
        if route.method == "GET" and not route.for_people and "/events" not in route.path:
            path = path_of(route).replace("/experiments/id", f"/experiments/{made}")
            answer = world.ask("admin", "GET", f"{path}?experiment={made}" if path == "/series" else path)
            assert not answer.headers["content-type"].startswith(("text/html", "image/svg", "application/xhtml")), path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert "script-src 'self'" in answer.headers["content-security-policy"], path
    assert (
        world.ask("admin", "GET", f"/experiments/{made}/export").headers["content-disposition"].startswith("attachment")
    )


@pytest.mark.parametrize(
    "path", [f"/{quote(SCRIPT)}", f"/e/{quote(SCRIPT)}", f"/?q={quote(SCRIPT)}", f"/login?to={quote(SCRIPT)}"]
)
def test_what_an_address_says_is_in_no_page(world: World, path: str) -> None:
    """Reflected script: no page repeats anything of its address, found or not."""
    answer = ask(world.server.port, "GET", path, None, {"Accept": "text/html"})
    assert answer.headers["content-type"].startswith("text/html")
    assert b"alert(1)" not in answer.body


def test_what_a_key_opens_is_kept_by_no_cache(world: World) -> None:
    """Answers to calls may not be stored: neither a proxy nor a shared computer's browser shows them to the next."""
    for route in ROUTES:
        if route.method == "GET" and not route.for_people:
            assert world.ask("admin", "GET", path_of(route)).headers["cache-control"] == "no-store", route.path


@pytest.mark.parametrize("text", ['x"; filename="evil.exe', "ü\u2028é", "a/../../b", "=cmd|' /C calc'!A0"])
def test_names_do_not_become_headers(world: World, text: str) -> None:
    """Header injection: an export's file name has nothing but plain characters of the experiment's name."""
    made = world.experiment(name=text)
    disposition = world.ask("editor", "GET", f"/experiments/{made}/export").headers["content-disposition"]
    inside = disposition.removeprefix('attachment; filename="').removesuffix('.csv"')
    assert inside
    assert not set(inside) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: evil=1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\0b"])
def test_line_ends_reach_no_header(world: World, text: str) -> None:
    """Header injection: line ends in names are refused, and in paths and queries they stay where they are."""
    refusal(world.ask("editor", "POST", "/experiments", {"name": text}), 400, "validation")
    refusal(world.ask("editor", "POST", "/experiments", {"name": "a", "id": text}), 400, "validation")
    for path in (f"/{quote(text)}", f"/e/{quote(text)}", f"/static/{quote(text)}", f"/experiments?q={quote(text)}"):
        answer = world.ask("editor", "GET", path)
        assert not {"set-cookie", "x-evil"} & answer.headers.keys()
        assert answer.status < 500
        assert b"\r\nSet-Cookie" not in json.dumps(answer.headers).encode()

"""Pages of other sites get nothing from a server on the user's machine."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.server.conftest import Call, refusal
from tests.server.raw import exchange
from tests.support import http
from tests.support.http import Answer
from tests.support.serving import Server, serving


def send(port: int, method: str, path: str, host: str, body: bytes = b"", **headers: str) -> Answer:
    """Send a request with a Host of the test's own and any further headers."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return exchange(port, "\r\n".join([*lines, "", ""]).encode() + body)


def create(server: Server, **headers: str) -> Answer:
    """Try to create an experiment with further headers."""
    body = json.dumps({"name": "a"}).encode()
    headers = {"Content_Type": "application/json", **headers}
    return send(server.port, "POST", "/experiments", f"127.0.0.1:{server.port}", body, **headers)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_its_own_names_are_answered(server: Server, name: str) -> None:
    """The server goes by its loopback names with its port."""
    assert send(server.port, "GET", "/health", f"{name}:{server.port}").status == 200


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:{port}",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:1",
            "127.0.0.1.evil.example:{port}",
        ),
        *(
            "localhost.:{port}",
            "127.0.0.2:{port}",
            "0.0.0.0:{port}",
            "127.0.0.1:{port}@evil",
            "",
            "user@127.0.0.1:{port}",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/experiments", "/", "/static/app.js", "/nothing"])
def test_other_names_are_not(server: Server, host: str, path: str) -> None:
    """A name that was made to point here (DNS rebinding) gets no answer, on no path."""
    refusal(send(server.port, "GET", path, host.format(port=server.port)), 421, "wrong_host")


def test_a_name_can_be_allowed(tmp_path: Path) -> None:
    """--allow-host takes a name, or a name with a port, and can be repeated."""
    options = ["--allow-host", "tora.example", "--allow-host", "other.example:8443"]
    with serving(tmp_path / "data", *options) as running:
        for host in ("tora.example", f"tora.example:{running.port}", "TORA.example", "other.example:8443"):
            assert send(running.port, "GET", "/health", host).status == 200
        for host in ("tora.example:1", "other.example", "evil.example"):
            assert send(running.port, "GET", "/health", host).status == 421


def test_a_server_on_all_addresses_answers_to_each(tmp_path: Path) -> None:
    """With --host 0.0.0.0 the machine's name and the address that was asked are right, other names are not."""
    with serving(tmp_path / "data", "--host", "0.0.0.0") as running:  # noqa: S104  # that is what is tested
        assert running.url == f"http://127.0.0.1:{running.port}"
        for host in ("127.0.0.1", "localhost", socket.gethostname()):
            assert send(running.port, "GET", "/health", f"{host}:{running.port}").status == 200
        for host in ("evil.example", "192.0.2.1"):
            assert send(running.port, "GET", "/health", f"{host}:{running.port}").status == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:{port}", "http://127.0.0.1:1", "http://127.0.0.1", "", "x"],
)
def test_a_change_from_another_origin_is_refused(server: Server, origin: str) -> None:
    """A page of another origin, a sandboxed one and one of another port cannot change anything."""
    refusal(create(server, Origin=origin.format(port=server.port)), 403, "wrong_origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "x"])
def test_a_change_that_a_browser_calls_foreign_is_refused(server: Server, site: str) -> None:
    """Sec-Fetch-Site tells where no Origin is sent."""
    refusal(create(server, Sec_Fetch_Site=site), 403, "wrong_origin")


def test_a_change_from_its_own_page_is_done(server: Server) -> None:
    """The dashboard's own requests, and those of programs, pass."""
    own = f"http://127.0.0.1:{server.port}"
    assert create(server).status == 201
    assert create(server, Origin=own).status == 201
    assert create(server, Origin=own, Sec_Fetch_Site="same-origin").status == 201
    assert create(server, Sec_Fetch_Site="none").status == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_is_refused(server: Server, kind: str) -> None:
    """What a form can send without being asked is taken neither from a browser nor from a program."""
    own = f"http://127.0.0.1:{server.port}"
    refusal(create(server, Origin=own, Content_Type=kind), 415, "unsupported_media_type")
    refusal(create(server, Content_Type=kind), 415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_every_change_is_guarded(server: Server, experiment: str, method: str) -> None:
    """Not only POST is checked."""
    host = f"127.0.0.1:{server.port}"
    path = f"/experiments/{experiment}"
    refusal(send(server.port, method, path, host, b"{}", Origin="http://evil.example"), 403, "wrong_origin")
    assert http.request("GET", f"{server.url}{path}").status == 200


@pytest.mark.parametrize(
    "path", ["/", "/health", "/experiments", "/static/app.js", "/nothing", "/experiments/x", "/favicon.ico", "/series"]
)
def test_every_answer_has_the_headers(call: Call, path: str) -> None:
    """Pages, files, answers and refusals carry the same strict headers, and none allows another origin."""
    headers = call("GET", path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in headers if name.startswith("access-control")]
    assert headers["server"] == "tora"

"""The pages for people."""

from __future__ import annotations

import posixpath
import re

import pytest

from tests.server.conftest import Call, refusal
from tests.server.raw import exchange
from tests.support.http import Answer
from tests.support.serving import Server


@pytest.mark.parametrize("path", ["/", "/compare", "/compare?ids=a,b", "/w/abc", "/settings"])
def test_every_page_is_the_shell(call: Call, path: str) -> None:
    """All addresses answer the same HTML, which has no script of its own in it."""
    answer = call("GET", path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    page = answer.body.decode()
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"\son\w+=|style=", page)


def test_what_the_shell_loads_is_there(call: Call) -> None:
    """Each file that the shell names answers with a type that browsers run under nosniff."""
    page = call("GET", "/").body.decode()
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    assert any(re.fullmatch(r"/static/v-\w+/app.js", file) for file in files)
    script = "text/javascript; charset=utf-8"
    kinds = {"js": script, "mjs": script, "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    for file in files:
        answer = call("GET", file)
        assert answer.status == 200, file
        assert answer.headers["content-type"] == kinds[file.rpartition(".")[2]]


def test_an_unknown_experiment_has_a_page_that_says_so(call: Call, experiment: str) -> None:
    """The shell comes with the status that tells scripts whether the experiment is there."""
    assert call("GET", f"/e/{experiment}").status == 200
    for unknown in ("nope", "%00", "a%20b"):
        answer = call("GET", f"/e/{unknown}")
        assert answer.status == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def _asked(server: Server, method: str, path: str, accept: str) -> Answer:
    head = f"Host: 127.0.0.1:{server.port}\r\nConnection: close\r\nAccept: {accept}\r\nContent-Length: 0\r\n\r\n"
    return exchange(server.port, f"{method} {path} HTTP/1.1\r\n{head}".encode())


@pytest.mark.parametrize("path", ["/nothing", "/e/", "/e/a/b", "/experiments/", "/%00", "/nothing?a=b"])
def test_a_typed_address_that_leads_nowhere_has_a_page(server: Server, path: str) -> None:
    """A browser that opens an unknown address gets the shell with status 404, whole even when it has it already."""
    answer = _asked(server, "GET", path, "text/html,application/xhtml+xml,*/*;q=0.8")
    assert answer.status == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body == _asked(server, "GET", "/", "text/html").body


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/event-stream"])
def test_a_program_gets_the_envelope_at_an_unknown_address(server: Server, accept: str) -> None:
    """Who does not name HTML is told in JSON that there is nothing."""
    refusal(_asked(server, "GET", "/nothing", accept), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/nothing", 404, "not_found"),
        ("GET", "/static/nope.js", 404, "not_found"),
        ("GET", "/experiments/nope", 404, "not_found"),
        ("POST", "/", 405, "method_not_allowed"),
    ],
)
def test_what_is_no_address_of_a_page_stays_the_protocols(
    server: Server, method: str, path: str, status: int, code: str
) -> None:
    """Files, calls and other methods answer in the envelope, also to a browser."""
    refusal(_asked(server, method, path, "text/html"), status, code)


def test_a_file_that_is_unchanged_is_not_sent_again(server: Server, call: Call) -> None:
    """The second request, with the ETag of the first, gets 304 without a body."""
    tag = call("GET", "/static/app.js").headers["etag"]
    head = f"Host: 127.0.0.1:{server.port}\r\nConnection: close\r\nIf-None-Match: {tag}\r\n\r\n"
    assert exchange(server.port, f"GET /static/app.js HTTP/1.1\r\n{head}".encode()).status == 304


@pytest.mark.parametrize("path", ["/favicon.ico", "/favicon.svg"])
def test_there_is_an_icon(call: Call, path: str) -> None:
    """Browsers that ask for an icon get one."""
    assert call("GET", path).headers["content-type"] == "image/svg+xml"


def test_pages_answer_to_head(call: Call, experiment: str) -> None:
    """A link checker that asks for the head alone gets it."""
    for path in ("/", f"/e/{experiment}", "/static/app.js"):
        answer = call("HEAD", path)
        assert answer.status == 200
        assert answer.body == b""


@pytest.mark.parametrize("name", ["../app.py", "..", ".", "vendor/..%2f..%2fapp.py", "nope\\app.js"])
def test_no_file_outside_is_served(server: Server, name: str) -> None:
    """Whatever is asked for, only files of the folder are sent."""
    request = f"GET /static/{name} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n"
    refusal(exchange(server.port, request.encode()), 404, "not_found")


def test_the_shell_names_every_module_that_the_page_imports(call: Call) -> None:
    """The browser asks for nothing that the shell has not named, and may keep all of it for good."""
    page = call("GET", "/").body.decode()
    named = set(re.findall(r'href="(/static/[^"]+js)"', page))
    assert len(named) > 50
    for file in named:
        answer = call("GET", file)
        assert "immutable" in answer.headers["cache-control"]
        imported = re.findall(r'^(?:import|export)[^;]*?from "(\.[^"]+)"', answer.body.decode(), re.MULTILINE)
        assert {posixpath.normpath(posixpath.join(posixpath.dirname(file), each)) for each in imported} <= named


def test_a_page_of_another_version_still_gets_files(call: Call) -> None:
    """An address of a version that is gone answers with the file of today, which is not kept."""
    answer = call("GET", "/static/v-0123456789/app.js")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-cache"

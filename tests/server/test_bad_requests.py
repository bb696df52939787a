"""Whatever is wrong with a request, the answer is a 4xx in the protocol's envelope."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest

from tests.server.conftest import Call, refusal
from tests.server.raw import exchange
from tests.support.http import Answer, request
from tests.support.serving import Server

BATCH = b'{"logs": [{"name": "loss", "value": 1}]}'


@pytest.fixture
def post(server: Server, experiment: str) -> Callable[..., Answer]:
    """Send a batch as raw bytes with headers of the test's own."""

    def send(body: bytes, *headers: str, length: bool = True) -> Answer:
        lines = [
            f"POST /experiments/{experiment}/logs/batch HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Content-Type: application/json",
            *headers,
            *([f"Content-Length: {len(body)}"] if length else []),
        ]
        return exchange(server.port, "\r\n".join([*lines, "", ""]).encode() + body)

    return send


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/experiments/", "/experiments/x/y", "/static/", "/static/nope.js", "//", "/e/", "/EXPERIMENTS"),
        *("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd", "/%00", "/%"),
        *("/static/%00", "/api-keyss", "/static/..%5capp.py", "/static/vendor"),
    ],
)
def test_an_unknown_path_is_not_found(call: Call, path: str) -> None:
    """What is not there answers 404, and no way leads out of the folder of files."""
    refusal(call("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/experiments", "GET, HEAD, POST"),
        ("DELETE", "/experiments", "GET, HEAD, POST"),
        ("POST", "/experiments/x", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/experiments/x/logs/batch", "POST"),
        ("POST", "/health", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("OPTIONS", "/experiments", "GET, HEAD, POST"),
        ("PROPFIND", "/series", "GET, HEAD"),
        ("TRACE", "/", "GET, HEAD"),
    ],
)
def test_a_wrong_method_names_the_right_ones(call: Call, method: str, path: str, allowed: str) -> None:
    """A path that does not take the method answers 405 with Allow."""
    answer = call(method, path)
    assert allowed in refusal(answer, 405, "method_not_allowed")
    assert sorted(answer.headers["allow"].replace(" ", "").split(",")) == allowed.split(", ")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b'{"logs": null}', b'{"logs": {}}', b'{"logs": [null]}'),
        *(b'{"logs": [[]]}', b"\xff\xfe", b"\x00", b'{"logs": [{"name": "\xff", "value": 1}]}', b"[" * 100_000),
        *(b'{"logs": [{"name": "a", "value": 1}]} x', b'{"logs": [{"name": "\\ud800", "value": 1}]}', b"NaN"),
        b'{"logs": [{"name": "a", "value": 1, "metadata": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}]}",
        b'{"logs": [{"name": "a", "value": 1, "metadata": {"a": "\xff"}}]}',
    ],
)
def test_a_body_that_is_no_batch_is_refused(post: Callable[..., Answer], body: bytes) -> None:
    """Broken JSON, other JSON, broken text and endless nesting get a 400."""
    refusal(post(body), 400, "validation")


def test_a_compressed_body_is_taken(post: Callable[..., Answer]) -> None:
    """Gzip and deflate bodies count as what comes out."""
    assert post(gzip.compress(BATCH), "Content-Encoding: gzip").status == 201
    assert post(zlib.compress(BATCH), "Content-Encoding: deflate").status == 201


def test_a_body_that_swells_is_refused(post: Callable[..., Answer]) -> None:
    """A small body that unpacks to more than 10 MiB gets a 413; nobody unpacks the rest."""
    swollen = gzip.compress(b" " * 300_000_000)
    assert len(swollen) < 1_000_000
    refusal(post(swollen, "Content-Encoding: gzip"), 413, "too_large")


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(BATCH, mtime=0)[:20], b""])
def test_a_body_that_does_not_unpack_is_refused(post: Callable[..., Answer], body: bytes) -> None:
    """What is not compressed as it says, or was cut, gets a 400."""
    answer = post(body, "Content-Encoding: gzip")
    assert answer.status == 400
    assert answer.json()["error"]["message"]


def test_a_chunked_body_is_taken(post: Callable[..., Answer]) -> None:
    """A body without a length is read to its end."""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BATCH[:7], BATCH[7:])) + b"0\r\n\r\n"
    assert post(chunks, "Transfer-Encoding: chunked", length=False).status == 201


def test_a_chunked_body_has_its_limit(post: Callable[..., Answer]) -> None:
    """A body without a length is refused where it passes 10 MiB."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    refusal(post(chunk * 161 + b"0\r\n\r\n", "Transfer-Encoding: chunked", length=False), 413, "too_large")


@pytest.mark.parametrize(
    "raw",
    [
        b"G\xffT / HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nx-api-key: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nx-api-key: a\x00b\r\n\r\n",
        b"POST /experiments HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
        b"POST /experiments HTTP/1.1\r\nHost: {host}\r\nContent-Length: x\r\n\r\n",
        b"POST /experiments HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /experiments HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_broken_http_is_refused_in_the_envelope(server: Server, raw: bytes) -> None:
    """Bytes that are no HTTP/1.1 get a 400 with the same headers as any answer."""
    answer = exchange(server.port, raw.replace(b"{host}", b"127.0.0.1:%d" % server.port))
    refusal(answer, 400, "bad_request")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_bad_requests_leave_no_trace_in_the_log(server: Server, call: Call) -> None:
    """Wrong input is the sender's affair: no stack trace is printed for it."""
    for path in ("/nothing", "/experiments?limit=x", "/experiments/nope"):
        call("GET", path)
    call("POST", "/experiments", b"{")
    exchange(server.port, b"hello\r\n\r\n")
    assert "Traceback" not in server.said()


@pytest.mark.parametrize("path", ["/health", "/experiments/{id}", "/experiments/{id}/metrics", "/openapi.json"])
def test_a_call_without_a_query_refuses_one(server: Server, path: str) -> None:
    """A parameter that a call does not know is named, also where the call knows none."""
    made = request("POST", f"{server.url}/experiments", {"name": "asked too much"}).json()["data"]
    answer = request("GET", f"{server.url}{path.replace('{id}', made['id'])}?nonsense=1")
    assert answer.status == 400
    assert "'nonsense'" in answer.json()["error"]["message"]

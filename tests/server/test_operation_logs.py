"""What a team's server says of itself: a line for each request, and figures for Prometheus."""

from __future__ import annotations

import json
import logging
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server.raw import exchange
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, serving
from tora.server import logbook


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A team's server that logs JSON and trusts a proxy on this machine."""
    folder = tmp_path_factory.mktemp("logged") / "data"
    with serving(folder, "--log-format", "json", "--trust-proxy", "127.0.0.1", anonymous=False) as running:
        yield running


def line(server: Server, id_: str) -> dict[str, Any]:
    """Return the line of a request."""

    def found() -> list[dict[str, Any]]:
        lines = [json.loads(each) for each in server.said().splitlines() if each.startswith("{")]
        return [one for one in lines if one.get("request_id") == id_]

    (one,) = until(found, f"line of the request {id_}")
    return one


def ask(server: Server, path: str, **headers: str) -> tuple[int, str]:
    """Send a GET with headers; return the status and the request's id."""
    made = urllib.request.Request(server.url + path, headers={"x-api-key": server.key, **headers})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(made) as answer:
        return answer.status, answer.headers["X-Request-Id"]


def test_each_request_is_one_line(logged: Server) -> None:
    """It says who asked for what, from where, how it went and how long it took, by the pattern and by the path."""
    assert http.request("POST", f"{logged.url}/experiments", {"id": "x", "name": "x"}, key=logged.key).status == 201
    status, id_ = ask(logged, "/experiments/x", **{"X-Forwarded-For": "203.0.113.7"})
    said = line(logged, id_)
    assert status == said["status"] == 200
    assert (said["message"], said["level"], said["method"]) == ("request", "info", "GET")
    assert (said["route"], said["path"]) == ("/experiments/{id}", "/experiments/x")
    assert (said["user"], said["address"]) == ("owner", "203.0.113.7")
    assert said["ms"] >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["time"])


def test_every_answer_has_an_id(logged: Server) -> None:
    """Refusals, pages, broken HTTP: each answer names the request as the log does."""
    port = logged.port
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    for request, status in (
        (b"GET /nowhere HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", 200),
        (b"GET /experiments HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", 401),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421),
        (b"NONSENSE\r\n\r\n", 400),
    ):
        answer = exchange(port, request)
        assert answer.status == status
        assert line(logged, answer.headers["x-request-id"])["status"] == status


def test_a_trusted_proxy_names_the_request(logged: Server, own_server: Server) -> None:
    """Its id is kept when it is one plain word; anybody else's is not."""
    assert ask(logged, "/health", **{"X-Request-Id": "proxy-1/a"})[1] == "proxy-1/a"
    assert ask(logged, "/health", **{"X-Request-Id": 'a" level=fake'})[1] != 'a" level=fake'
    assert ask(logged, "/health", **{"X-Request-Id": "a" * 200})[1] != "a" * 200
    assert ask(own_server, "/health", **{"X-Request-Id": "mine"})[1] != "mine"


def test_no_secret_is_logged(logged: Server) -> None:
    """Keys, cookies, query strings and bodies are in no line, whatever became of the request."""
    secrets = [logged.key, "tora_wrong", "cookie-value", "query-value", "body-value"]
    headers = f"x-api-key: {logged.key}\r\nCookie: tora_session=cookie-value\r\nContent-Length: 10\r\n"
    for head in (headers, headers.replace(logged.key, "tora_wrong")):
        request = f"POST /experiments?q=query-value HTTP/1.1\r\nHost: 127.0.0.1:{logged.port}\r\n{head}"
        answer = exchange(logged.port, f"{request}Connection: close\r\n\r\nbody-value".encode())
        line(logged, answer.headers["x-request-id"])
    assert [secret for secret in secrets if secret in logged.said()] == []


def test_prometheus_is_told_how_the_server_fares(logged: Server) -> None:
    """Requests by pattern, what was stored, queue, sizes, streams, process; no label tells of a caller's own words."""
    create = http.request("POST", f"{logged.url}/experiments", {"id": "p", "name": "p"}, key=logged.key)
    assert create.status in {200, 201}
    logs = [{"name": "loss", "value": step, "step": step} for step in range(100)]
    url = f"{logged.url}/experiments/p/logs/batch"
    assert http.request("POST", url, {"writer": "w", "firstSeq": 1, "logs": logs}, key=logged.key).status == 201
    for number in range(20):
        http.request("GET", f"{logged.url}/experiments/no-{number}", key=logged.key)
        http.request("GET", f"{logged.url}/nowhere-{number}", key=logged.key)
    assert http.request("GET", f"{logged.url}/metrics/prometheus", key="").status == 401
    answer = http.request("GET", f"{logged.url}/metrics/prometheus", key=logged.key)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    values = {(one.name, *one.labels.values()): one.value for family in families.values() for one in family.samples}
    assert values["tora_ingested_metrics_total",] >= 100
    assert values["tora_ingested_batches_total",] >= 1
    assert values["tora_ingest_ack_seconds_count",] == values["tora_ingested_batches_total",]
    assert values["tora_requests_total", "GET", "/experiments/{id}", "404"] == 20
    assert values["tora_requests_total", "GET", "none", "404"] >= 20
    assert values["tora_request_seconds_count", "POST", "/experiments/{id}/logs/batch"] >= 1
    assert values["tora_store_bytes", "metrics"] > 0
    assert values["tora_store_bytes", "catalog"] > 0
    assert values["tora_ingest_queue",] == values["tora_live_streams",] == 0
    assert {"process_resident_memory_bytes", "process_open_fds", "tora_event_loop_lag_seconds"} <= families.keys()
    assert not [key for key in values if any(word in str(part) for part in key for word in ("no-1", "nowhere"))]


# --- The form of a line -----------------------------------------------------------------------------

NASTY = 'a\nb\r\x1b[31m "q" \\ \u2028 \ud800 é'


def record(**fields: Any) -> logging.LogRecord:
    """Return a record with fields and something raised."""
    raised = ValueError(NASTY)
    made = logging.LogRecord("tora.server", logging.ERROR, "", 0, NASTY, None, (ValueError, raised, None))
    made.fields = fields
    return made


def test_no_text_can_fake_a_line() -> None:
    """Line ends and what a terminal acts on are written out; what was raised is indented."""
    text = logbook._Text().format(record(path=NASTY, user=None, plain="/e/x"))
    first, *rest = text.split("\n")
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z ERROR ", first)
    assert "\x1b" not in text
    assert "\u2028" not in text
    assert all(line.startswith("    ") for line in rest)
    assert r'path="a\nb\r\x1b[31m \"q\" ' in first
    assert first.endswith("plain=/e/x")
    assert "user" not in first
    text.encode()


def test_json_lines_hold_everything() -> None:
    """One JSON object a line, the trace in it."""
    text = logbook._Json().format(record(path=NASTY, status=500))
    assert "\n" not in text
    said = json.loads(text)
    assert (said["level"], said["status"]) == ("error", 500)
    assert said["path"] == NASTY.replace("\ud800", "\\ud800")
    assert "ValueError" in said["exception"]


def test_a_log_that_nobody_takes_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    """What finds no room is counted, and said when there is room again."""
    import queue

    lines: queue.Queue[logging.LogRecord] = queue.Queue(2)
    entry = logbook._Entry(lines)
    for number in range(5):
        entry.handle(logging.LogRecord("tora.server", logging.INFO, "", 0, "line %d", (number,), None))
    assert [lines.get().getMessage() for _ in range(2)] == ["line 0", "line 1"]
    entry.handle(logging.LogRecord("tora.server", logging.INFO, "", 0, "line 5", None, None))
    assert [lines.get().getMessage() for _ in range(2)] == ["3 lines were dropped: nobody took them", "line 5"]

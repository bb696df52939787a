"""A server that answers as a test wants it to: for what no real Tora server can be made to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field

__all__ = ["Asked", "Reply", "Scripted", "scripted"]


@define
class Asked:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@define
class Reply:
    """One answer; a status of 0 closes the connection without any."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(factory=dict)


EXPERIMENT = {"status": 201, "data": {"id": "scripted", "url": "http://127.0.0.1/e/scripted"}}
STORED = {"status": 201, "data": {"accepted": 1, "through": 1}}


@define
class Scripted:
    """A running scripted server.

    Attributes:
        url: Its address.
        asked: All requests so far.
        answer: What decides on the answer; None from it means a good one.
    """

    url: str = ""
    asked: list[Asked] = field(factory=list)
    answer: Callable[[Asked], Reply | None] = field(default=lambda _: None)

    def batches(self) -> list[Asked]:
        """Return the requests that brought metrics."""
        return [asked for asked in self.asked if asked.path.endswith("/logs/batch")]

    def metrics(self) -> list[dict[str, Any]]:
        """Return all metrics that were brought, repetitions among them."""
        return [metric for asked in self.batches() for metric in asked.body["logs"]]

    def reply(self, asked: Asked) -> Reply:
        """Return the answer to a request."""
        return self.answer(asked) or Reply(201, STORED if asked.path.endswith("/batch") else EXPERIMENT)


@contextmanager
def scripted(answer: Callable[[Asked], Reply | None] = lambda _: None) -> Iterator[Scripted]:
    """Run a scripted server."""
    script = Scripted(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers), json.loads(body) if body else None)
            script.asked.append(asked)
            reply = script.reply(asked)
            if not reply.status:
                self.close_connection = True
                return
            data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(data)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  # the base class looks for these names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()

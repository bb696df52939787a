"""A proxy that breaks the way to a real server: answers are lost, nothing comes back, nobody listens."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field, frozen

__all__ = ["Asked", "Proxy", "proxying"]

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@frozen
class Asked:
    """One request; equal requests are repetitions."""

    method: str
    path: str
    body: bytes


@define
class Proxy:
    """A running proxy.

    Attributes:
        url: Its address, in the place of the server's.
        seen: How often each request came.
        lost: How many answers the server gave and the client never saw.
        loses: Whether the answer to a request, which came for the n-th time, is lost after the server gave it.
    """

    url: str
    seen: Counter[Asked] = field(factory=Counter)
    lost: int = 0
    loses: Callable[[Asked, int], bool] = field(default=lambda _asked, _n: False)
    _open: threading.Event = field(factory=threading.Event)
    _swallows: Callable[[Asked], bool] = field(default=lambda _: False)

    def swallow(self, which: Callable[[Asked], bool] = lambda _: True) -> None:
        """Take requests from now on, all or some, and neither pass them on nor answer them."""
        self._swallows = which
        self._open.clear()

    def pass_on(self) -> None:
        """Pass on what comes, and what was swallowed."""
        self._open.set()

    def hold(self, asked: Asked) -> None:
        """Return when the request may be passed on."""
        if self._swallows(asked):
            self._open.wait()


@contextmanager
def proxying(port: int, loses: Callable[[Asked, int], bool] = lambda _asked, _n: False) -> Iterator[Proxy]:
    """Run a proxy before the server on a port of 127.0.0.1.

    Args:
        port: The server's port.
        loses: Which answers are lost; none by default.
    """
    proxy = Proxy("", loses=loses)
    proxy.pass_on()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            asked = Asked(self.command, self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            with lock:
                proxy.seen[asked] += 1
                count = proxy.seen[asked]
            proxy.hold(asked)
            try:
                answer, body = self._ask(asked)
            except OSError:  # the server is gone, and so is this connection
                self.close_connection = True
                return
            if proxy.loses(asked, count):
                with lock:
                    proxy.lost += 1
                self.close_connection = True
                return
            self.send_response_only(answer.status)  # the other headers are the server's own
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _ask(self, asked: Asked) -> tuple[http.client.HTTPResponse, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
                headers["Host"] = f"127.0.0.1:{port}"
                connection.request(asked.method, asked.path, asked.body, headers)
                answer = connection.getresponse()
                return answer, answer.read()
            finally:
                connection.close()

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  # the base class looks for these names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            """Serve a connection; a client that went away is no trouble."""
            try:
                super().handle()
            except OSError:
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.pass_on()
            server.shutdown()
            thread.join()

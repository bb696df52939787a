"""A tiny server that answers as ClickHouse does over HTTP: ``python -m tests.support.chdb_server FOLDER``.

It takes POST with the statement in the address, in the body, or begun there and continued here, and does one after
the other: the engine has one session, whose database and settings are those of the request. So nothing that
`system.processes` would tell of is ever under way beside a request.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

__all__ = ["main"]

# What ClickHouse's HTTP takes for itself; every other parameter is a setting or a value of the statement.
_OF_HTTP: Final = {
    *("user", "password", "database", "query", "query_id", "session_id", "session_timeout", "quota_key"),
    *("compress", "decompress", "enable_http_compression", "default_format", "wait_end_of_query", "buffer_size"),
    "send_progress_in_http_headers",
}
_INSERT: Final = re.compile(rb"(?is)\A(\s*INSERT\s+INTO\b.*?)\bFORMAT\s+(\w+)[ \t;]*(?:\r?\n)?")
_CODE: Final = re.compile(r"Code: (\d+)")


class _Engine:
    """The engine, for one request at a time."""

    def __init__(self, folder: Path) -> None:
        self._session: Any = Session(str(folder / "data"))  # type: ignore[no-untyped-call]
        self._folder = folder
        self._turn = threading.Lock()

    def run(self, statement: bytes, database: str, settings: dict[str, str], shape: str) -> bytes:
        """Do one statement and return its answer."""
        with self._turn:
            self._session.query(f"USE {database}")
            for name, value in settings.items():
                self._session.query(f"SET {name} = {_quoted(value)}")
            try:
                return self._do(statement, shape)
            finally:
                for name in settings:
                    if not name.startswith("param_"):
                        self._session.query(f"SET {name} = DEFAULT")

    def _do(self, statement: bytes, shape: str) -> bytes:
        insert = _INSERT.match(statement)
        if insert is None or insert[2].upper() == b"VALUES":
            return bytes(self._session.query(statement.decode(), shape).bytes())
        # Bytes that are no text come in by a file.
        with tempfile.NamedTemporaryFile(dir=self._folder) as file:
            file.write(statement[insert.end() :])
            file.flush()
            into = f"{insert[1].decode()} FROM INFILE {_quoted(file.name)} FORMAT {insert[2].decode()}"
            self._session.query(into, shape)
        return b""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class _Handler(BaseHTTPRequestHandler):
    engine: ClassVar[_Engine]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say that the server answers, or do a statement."""
        if urlsplit(self.path).query:
            self.do_POST()
        else:
            self._answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        """Do a statement."""
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self._body()
        begun = given.get("query", "").encode()
        statement = begun + b"\n" + body if begun and body else begun or body
        settings = {name: value for name, value in given.items() if name not in _OF_HTTP}
        try:
            answer = self.engine.run(
                statement, given.get("database") or "default", settings, given.get("default_format", "TabSeparated")
            )
        except RuntimeError as exc:
            code = _CODE.search(str(exc))
            self._answer(500, str(exc).encode(), code[1] if code else "0")
        else:
            self._answer(200, answer)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, body: bytes, code: str | None = None) -> None:
        self.send_response_only(status)
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the process is ended; the port stands in the folder's file ``port`` once there is one."""
    folder = Path(sys.argv[1])
    _Handler.engine = _Engine(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        written = folder / "port.new"
        written.write_text(str(server.server_address[1]), encoding="utf-8")
        written.replace(folder / "port")
        server.serve_forever()


if __name__ == "__main__":
    main()

"""A current ClickHouse engine, chdb's, behind HTTP as ClickHouse has it, in a process of its own."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from attrs import field, frozen

from tests.support import http
from tests.support.engine import begin, end

__all__ = ["Chdb", "chdb"]


@frozen
class Chdb:
    """A running server.

    Attributes:
        http: Its port on 127.0.0.1; it asks for no password.
    """

    http: int
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1), repr=False)

    def new_database(self) -> str:
        """Create a database and return its URL, as ``tora server --metrics`` takes it."""
        name = f"tora_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return f"clickhouse://default:@127.0.0.1:{self.http}/{name}"

    def sql(self, statement: str, body: bytes = b"") -> str:
        """Run a statement, with data where it takes some; return the answer, columns apart by tabs."""
        url = f"http://127.0.0.1:{self.http}/?{urlencode({'query': statement})}"
        answer = http.request("POST", url, body, timeout=60)
        if answer.status != 200:
            raise AssertionError(f"{statement}: {answer.status} {answer.body.decode(errors='replace')}")
        return answer.body.decode().strip()


@contextmanager
def chdb() -> Iterator[Chdb]:
    """Run a server in a temporary folder for the length of a ``with`` block."""
    with tempfile.TemporaryDirectory(prefix="tora-chdb-") as name:
        folder = Path(name)
        told = folder / "port"
        command = [sys.executable, "-m", "tests.support.chdb_server", str(folder)]
        process = begin("chdb", command, folder / "log", told.exists)
        try:
            yield Chdb(int(told.read_text(encoding="utf-8")))
        finally:
            end(process)

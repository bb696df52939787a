"""The open file, for one writing thread and any reading ones, and opening it again after a fatal error.

DuckDB gives a database up when it cannot fold its log into the file, as on a full disk: nothing is
lost, but every later statement fails until the file is closed and opened again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tora.server.metrics.base import StoreError
from tora.server.metrics.duckdb.opening import open_file
from tora.server.storage.mark import Mark

__all__ = ["GivenUpError", "MetricsFile"]


class GivenUpError(StoreError):
    """The file is closed after a fatal error and was not opened again yet."""


class MetricsFile:
    """One DuckDB file; no other process can open it meanwhile."""

    def __init__(self, path: Path, *, memory_limit: str, threads: int) -> None:
        self.path = path
        self.mark = Mark(path, path.with_name(f"{path.name}.wal"))
        self._config = {"memory_limit": memory_limit, "threads": threads}
        self._open: duckdb.DuckDBPyConnection | None = None
        self._gate = threading.Condition()
        self._readers = 0
        self._shut = True

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection of the writing thread."""
        if self._open is None:
            raise self._unavailable()
        return self._open

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a connection of its own to any thread."""
        with self._gate:
            if self._shut or self._open is None:
                raise self._unavailable()
            cursor = self._open.cursor()
            self._readers += 1
        try:
            yield cursor
        finally:
            cursor.close()
            with self._gate:
                self._readers -= 1
                self._gate.notify_all()

    def open(self, *, thorough: bool = True) -> None:
        """Open the file, or create it."""
        self._open = open_file(self.mark, self._config, thorough=thorough)
        self._shut = False

    def close(self) -> None:
        """Fold the log into the file and close it; a second call does nothing."""
        self._shut_out()
        connection, self._open = self._open, None
        if connection is not None:
            with connection:
                connection.execute("CHECKPOINT")
            self.mark.remove()

    def revive(self) -> None:
        """Open the file again if DuckDB gave it up; readers have to wait so long."""
        if self._sound():
            return
        # While any connection is open, opening gives the same broken database once more.
        self._shut_out()
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()
        self.open(thorough=False)

    def _sound(self) -> bool:
        try:
            self.connection.execute("SELECT 1")
        except (duckdb.FatalException, GivenUpError):
            return False
        return True

    def _shut_out(self) -> None:
        with self._gate:
            self._shut = True
            self._gate.wait_for(lambda: not self._readers)

    def _unavailable(self) -> StoreError:
        return GivenUpError(f"the metrics file {self.path} is closed")

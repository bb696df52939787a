"""The end that writes: what the one writing thread does, and what it remembers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tora.server.metrics.base import Appended, Chunk, PointBatch, Writer
from tora.server.metrics.duckdb.append import append, write_points, write_series
from tora.server.metrics.duckdb.clustering import Clustering
from tora.server.metrics.duckdb.connection import transaction
from tora.server.metrics.duckdb.file import MetricsFile
from tora.server.metrics.duckdb.index import Index
from tora.server.metrics.duckdb.opening import newest
from tora.server.metrics.duckdb.parts import PART_ROWS, Tail, begin_part, open_tail, read_parts
from tora.server.metrics.duckdb.restoring import write_messages, write_signs
from tora.server.metrics.group import SidCounter
from tora.server.metrics.restoring import Restored
from tora.server.storage.copying import copy_open_file
from tora.server.storage.mark import Mark
from tora.types import Status

__all__ = ["WritingEnd"]

_SIGN = """
UPDATE writers SET last_seen = greatest(last_seen, $seen), status = $status, labels = COALESCE($labels, labels)
WHERE experiment = $experiment AND writer = $writer
"""
_FIRST_SIGN = "INSERT INTO writers VALUES ($experiment, $writer, 0, $seen, $seen, $status, $labels)"


class WritingEnd:
    """All changes of the file; every call but `tick` and `tail` is for the writing thread alone.

    Attributes:
        clustering: What sorts the parts that are full, in a thread of its own.
    """

    def __init__(self, file: MetricsFile) -> None:
        self._file = file
        self._index = Index()
        self._sids = SidCounter(0)
        self._tick = 0
        self._tail = Tail(0, 0)
        self._numbers = itertools.count()
        self.clustering = Clustering(file, lambda: next(self._numbers))

    @property
    def tick(self) -> int:
        """The number of the newest committed group."""
        return self._tick

    @property
    def tail(self) -> int:
        """The number of the part that takes what arrives."""
        return self._tail.number

    def open(self) -> None:
        """Open the file, or create it."""
        self._file.open()
        self._start()

    def revive(self) -> None:
        """Open the file again if DuckDB gave it up, and trust nothing that was remembered."""
        with self.clustering.held():
            self._file.revive()
            self._start()

    def close(self) -> None:
        """Fold the log into the file and close it; a second call does nothing."""
        self._index.clear()
        with self.clustering.held():
            self._file.close()

    def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Store several batches in one transaction."""
        connection = self._file.connection
        self._begin_part_if_full()
        appended = append(connection, self._index, self._sids, self._tail, batches, self._tick)
        self._tick = max((one.tick for one in appended), default=self._tick)
        self._file.mark.write(self._tick)
        return appended

    def sign(self, experiment: str, writer: str, seen: float, status: Status, labels: Mapping[str, str] | None) -> None:
        """Note a sign of life of a writer, or its end, and its labels where they are told."""
        connection = self._file.connection
        text = None if labels is None else msgspec.json.encode(labels).decode()
        row = {"experiment": experiment, "writer": writer, "seen": seen, "status": status, "labels": text}
        with transaction(connection):
            known = self._index.load(connection, [experiment])[experiment]
            connection.execute(_SIGN if writer in known.marks else _FIRST_SIGN, row)
        known.marks.setdefault(writer, 0)

    def delete(self, experiment: str) -> None:
        """Delete all that is known of an experiment; its ticks are not given again."""
        connection = self._file.connection
        with self.clustering.held(), transaction(connection):
            connection.execute("UPDATE meta SET tick = ?", [self._tick])
            for table in (*(part.table for part in read_parts(connection)), self._tail.table):
                connection.execute(
                    f"DELETE FROM {table} WHERE sid IN (SELECT sid FROM series WHERE experiment = ?)",  # noqa: S608
                    [experiment],
                )
            for table in ("series", "writers", "messages"):
                connection.execute(f"DELETE FROM {table} WHERE experiment = ?", [experiment])  # noqa: S608  # our names
        self._index.forget([experiment])

    def restored(self, experiment: str) -> Restored:
        """Return an experiment that is to be stored chunk by chunk; what is there of it goes."""
        known = self._index.load(self._file.connection, [experiment])[experiment]
        if known.marks or known.sids:
            self.delete(experiment)
        return Restored(experiment, self._sids)

    def add(self, restored: Restored, chunk: Chunk) -> None:
        """Store the next points of an experiment, in a group of their own."""
        connection = self._file.connection
        self._begin_part_if_full()
        group = restored.group(chunk)
        self._index.forget([restored.experiment])
        with transaction(connection):
            write_points(connection, self._tail, group, self._tick + 1)
            write_series(connection, group)
        self._tail.rows += len(group.sid)
        self._tick += 1
        self._file.mark.write(self._tick)

    def finish(self, restored: Restored, writers: Sequence[Writer], messages: Sequence[str]) -> None:
        """Store what belongs to an experiment's points."""
        connection = self._file.connection
        with transaction(connection):
            write_signs(connection, restored.experiment, writers)
            write_messages(connection, restored.experiment, messages)
        self._index.forget([restored.experiment])

    def copy_to(self, path: Path) -> None:
        """Copy the file and its log, which nobody changes meanwhile, and leave a mark of what they must hold."""
        mark = Mark(path, path.with_name(f"{path.name}.wal"))
        source = self._file.mark
        with self.clustering.held():
            copy_open_file(source.store, mark.store)
            if source.log.exists():
                copy_open_file(source.log, mark.log)
        mark.write(self._tick)
        mark.close()

    def _begin_part_if_full(self) -> None:
        connection = self._file.connection
        if self._tail.rows >= PART_ROWS:
            with transaction(connection):
                tail = begin_part(connection, self._tail, next(self._numbers))
            self._tail = tail

    def _start(self) -> None:
        self._index.clear()
        tick, newest_sid = newest(self._file.connection)
        # Never backwards: live readers hold ticks, and a series may have begun and failed to commit.
        self._tick = max(tick, self._tick)
        self._sids = SidCounter(max(newest_sid + 1, self._sids.next))
        self._tail = open_tail(self._file.connection)
        parts = [part.number for part in read_parts(self._file.connection)]
        self._numbers = itertools.count(max([self._tail.number, *parts]) + 1)

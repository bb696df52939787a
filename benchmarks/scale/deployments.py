"""The ways to run Tora that are compared: embedded, and with engines on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Literal

import psutil
from attrs import field, frozen

from tests.support.clickhouse import ClickHouse, Node, clickhouse
from tests.support.polling import until
from tests.support.postgres import postgres
from tests.support.serving import Server, serving
from tora.server.options import Options

__all__ = ["EVERY", "Deployment"]

_MERGED_WITHIN: Final = 900.0
_LOOKS: Final = 5
_LOOK: Final = 0.3


@frozen
class Deployment:
    """One of them, its engines running.

    Attributes:
        name: What the table calls it.
        folder: Where its servers have their folders.
        catalog: What ``--catalog`` takes; None for the file.
        metrics: What ``--metrics`` takes; None for the file.
        count: How many servers there are.
        engines: The first processes of the engines, by what they keep.
        nodes: The servers of ClickHouse.
    """

    name: str
    folder: Path
    catalog: str | None = None
    metrics: str | None = None
    count: int = 1
    engines: Mapping[str, Sequence[int]] = field(factory=dict)
    nodes: Sequence[Node] = ()

    @property
    def options(self) -> Options:
        """Return what its first server is asked to do."""
        return Options(dir=self._folder_of(0), catalog=self.catalog, metrics=self.metrics)

    @contextmanager
    def serving(self) -> Iterator[list[Server]]:
        """Run its servers."""
        given = {"--catalog": self.catalog, "--metrics": self.metrics}
        options = [word for name, value in given.items() if value for word in (name, value)]
        with ExitStack() as stack:
            yield [stack.enter_context(serving(self._folder_of(place), *options)) for place in range(self.count)]

    def size(self) -> int:
        """Return the bytes on disk of all points."""
        if not self.nodes:
            return (self._folder_of(0) / "metrics.duckdb").stat().st_size
        return sum(int(node.sql("SELECT sum(bytes_on_disk) FROM system.parts WHERE active")) for node in self.nodes)

    def settle(self) -> None:
        """Wait until ClickHouse has merged what came: that is part of what it cost, and not of what comes next."""
        for _ in range(_LOOKS if self.nodes else 0):  # one merge may follow another
            for node in self.nodes:
                until(partial(_is_idle, node), "end of the merges", within=_MERGED_WITHIN, every=0.1)
            time.sleep(_LOOK)

    def used(self, servers: Sequence[Server]) -> dict[str, float]:
        """Return the seconds of processor time that its servers and engines have taken so far, merges ended."""
        self.settle()
        parts = {"server": [server.process.pid for server in servers], **self.engines}
        return {name: sum(map(_seconds, pids)) for name, pids in parts.items()}

    def _folder_of(self, place: int) -> Path:
        return self.folder / f"server{place}"


def _is_idle(node: Node) -> bool:
    return node.sql("SELECT count() FROM system.merges") == "0"


def _seconds(pid: int) -> float:
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


@contextmanager
def _embedded(folder: Path) -> Iterator[Deployment]:
    yield Deployment("embedded", folder)


@contextmanager
def _shared(folder: Path, shards: Literal[1, 2]) -> Iterator[Deployment]:
    with postgres() as catalog, clickhouse(shards) as points:
        name = "ClickHouse, 1 node" if shards == 1 else f"ClickHouse, {shards} shards"
        yield Deployment(
            name=name if shards == 1 else f"{name}, {shards} servers",
            folder=folder,
            catalog=catalog.new_database(),
            metrics=points.new_database(shards),
            count=shards,
            engines={"catalog": [catalog.pid], "points": _pids(points)},
            nodes=points.nodes,
        )


def _pids(points: ClickHouse) -> list[int]:
    return [node.process.pid for node in points.nodes]


EVERY: Final[Mapping[str, Callable[[Path], AbstractContextManager[Deployment]]]] = {
    "embedded": _embedded,
    "node": lambda folder: _shared(folder, 1),
    "shards": lambda folder: _shared(folder, 2),
}
"""Each way, by the word that chooses it."""

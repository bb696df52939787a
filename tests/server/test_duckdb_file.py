"""What the embedded store does besides: one file, one owner, killed processes and full disks."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.server.points import batch, raw
from tora.server.metrics.base import StoreError
from tora.server.metrics.duckdb import DuckDBMetrics

pytestmark = pytest.mark.anyio


async def test_closing_leaves_one_file(file: Path) -> None:
    """The log is folded in, so that the file alone is a backup."""
    async with DuckDBMetrics(file) as store:
        await store.append([batch([1.0])])
    assert _names(file.parent) == [file.name]


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir() if one.is_file()]


def _tables(*statements: str) -> Callable[[Path], None]:
    def build(file: Path) -> None:
        with duckdb.connect(file) as connection:
            for statement in statements:
                connection.execute(statement)

    return build


def _newer(file: Path) -> None:
    async def make() -> None:
        async with DuckDBMetrics(file):
            pass

    asyncio.run(make())
    _tables("UPDATE meta SET schema_version = 99")(file)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda file: file.write_bytes(b"this is no database, but text " * 500), "damaged or no metrics file of Tora"),
        (_tables("CREATE TABLE songs (a INTEGER)"), "belongs to another program: it has the table 'songs'"),
        (_newer, "written by a newer Tora (its schema version is 99"),
    ],
    ids=["text", "foreign", "newer"],
)
def test_a_file_that_cannot_be_used_is_named_and_kept(file: Path, build: Callable[[Path], None], message: str) -> None:
    """The error says which file and what to do, and not a byte of it changes."""
    build(file)
    before = file.read_bytes()
    with pytest.raises(StoreError) as caught:
        asyncio.run(DuckDBMetrics(file).open())
    assert message in str(caught.value)
    assert str(file) in str(caught.value)
    assert file.read_bytes() == before


_HOLDER = """
import asyncio, pathlib, sys
from tora.server.metrics.duckdb import DuckDBMetrics
async def main():
    async with DuckDBMetrics(pathlib.Path(sys.argv[1])):
        print("open", flush=True)
        sys.stdin.read()
asyncio.run(main())
"""


def test_a_file_has_one_owner(file: Path) -> None:
    """A second process is told that another one has it, and can have it afterwards."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="another process has it open"):
            asyncio.run(DuckDBMetrics(file).open())
        child.communicate()

    async def use() -> None:
        async with DuckDBMetrics(file) as store:
            await store.append([batch([1.0])])

    asyncio.run(use())


_APPENDER = """
import asyncio, pathlib, sys
from tests.server.points import batch
from tora.server.metrics.duckdb import DuckDBMetrics
async def main():
    store = DuckDBMetrics(pathlib.Path(sys.argv[1]))
    await store.open()
    for turn in range(100_000):
        await store.append([batch([float(turn)] * 50, turn * 50 + 1, writer=writer) for writer in ("v", "w")])
        print(turn, flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("turns", [0, 3, 40, 150])
def test_what_was_acknowledged_survives_sigkill(file: Path, turns: int) -> None:
    """Whole groups are there after the process was killed, and sending all again stores nothing twice."""
    with subprocess.Popen([sys.executable, "-c", _APPENDER, str(file)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == turns:
                child.send_signal(signal.SIGKILL)
                break
        last = max([turns, *map(int, child.stdout.read().split())])

    async def check() -> None:
        async with DuckDBMetrics(file) as store:
            [writer, _] = (await store.writers(["e"]))["e"]
            assert writer.through >= (last + 1) * 50
            assert len(await raw(store)) == writer.through * 2
            for turn in range(last + 3):
                for name in ("v", "w"):
                    await store.append([batch([float(turn)] * 50, turn * 50 + 1, writer=name)])
            through = max(writer.through, (last + 3) * 50)
            assert len(await raw(store)) == through * 2
            assert (await store.summaries(["e"]))["e"][0].count == through * 2

    asyncio.run(check())


_FILLER = """
import asyncio, pathlib, random, resource, sys
from tests.server.points import batch
from tora.server.metrics.base import StoreFullError
from tora.server.metrics.duckdb import DuckDBMetrics
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
async def main():
    async with DuckDBMetrics(pathlib.Path(sys.argv[1])) as store:
        store._file.connection.execute(f"SET checkpoint_threshold = '{sys.argv[2]}'")
        limit(1_500_000)
        turn = 0
        def points():
            return [batch([random.random() for _ in range(5000)], turn * 5000 + 1)]
        failures = 0
        while failures < 3:
            try:
                await store.append(points())
                turn += 1
            except StoreFullError as exc:
                failures += 1
                print(exc)
        read = (await store.summaries(["e"]))["e"][0].count
        assert turn * 5000 <= read <= (turn + 1) * 5000, (read, turn)
        limit(resource.RLIM_INFINITY)
        await store.append(points())
        turn += 1
        await store.append(points())
        turn += 1
        assert (await store.summaries(["e"]))["e"][0].count == turn * 5000
        print("recovered")
asyncio.run(main())
"""


@pytest.mark.parametrize(("fold_at", "cause"), [("1GB", "Failed to commit"), ("1MB", "Failed to create checkpoint")])
def test_a_full_disk_refuses_points_and_serves_reads(file: Path, fold_at: str, cause: str) -> None:
    """Whether the log or the file cannot grow: reads go on, and with room there is no need to start again."""
    run = subprocess.run(
        [sys.executable, "-c", _FILLER, str(file), fold_at], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert cause in run.stdout.splitlines()[0]
    assert run.stdout.count("make room on its disk") == 3
    assert run.stdout.endswith("recovered\n")

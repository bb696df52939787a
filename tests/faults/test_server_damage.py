"""Damaged files: the server says which, why and what to do, ends with 5, and changes nothing."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.faults.kept import contents
from tests.server.test_metrics_store import batch, raw
from tests.server.test_process import ended, spawn
from tests.support.senders import Sender, create, sending, stored
from tests.support.serving import serving
from tora import rendezvous
from tora.server.metrics.base import StoreError
from tora.server.metrics.duckdb import DuckDBMetrics

TOTAL = 2000
ALL = {"w": list(range(1, TOTAL + 1))}


def used(folder: Path, sign: signal.Signals) -> Path:
    """Return a folder that a server used and left."""
    with serving(folder) as server:
        create(server.url, "x")
        with sending([Sender(server.port, "x", "w", TOTAL)]):
            pass
        server.stop(sign)
    return folder


@pytest.fixture(scope="module")
def ended_well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server ended in good order: the logs are folded in."""
    return used(tmp_path_factory.mktemp("well") / "data", signal.SIGTERM)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server was killed: everything is in the logs."""
    return used(tmp_path_factory.mktemp("killed") / "data", signal.SIGKILL)


Damage = Callable[[bytes], bytes | None]


def overwritten(start: float, size: int) -> Damage:
    """Return a damage that puts random bytes at a part of a file."""

    def damage(content: bytes) -> bytes:
        at = int(start * len(content)) if 0 <= start < 1 else int(start) % len(content)
        part = Random(5).randbytes(size)
        return content[:at] + part + content[at + size :]

    return damage


DAMAGES: dict[str, Damage] = {
    "gone": lambda _: None,
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "text": lambda content: (b"this is no database, but text\n" * (len(content) // 30 + 1))[: len(content)],
    "head": overwritten(0, 100),
    "middle": overwritten(0.5, 8192),
}
# What may only happen to a log: a file of 12 kB has no middle, and one that is folded in may be missing.
LOG_DAMAGES = DAMAGES | {"tail": overwritten(-20, 20), "last byte": lambda content: content[:-1]}


def check_refused(folder: Path, name: str) -> None:
    """Check that a server refuses to start over a damaged file, says so, and keeps every byte."""
    before = contents(folder)
    code, said = ended(spawn(folder, "--port", "0"))
    assert (code, "Traceback" in said) == (5, False), said
    assert str(folder / name) in said
    assert "backup" in said
    assert "answers at" not in said
    assert contents(folder) == before
    assert not rendezvous.is_held(folder)
    assert rendezvous.read(folder) is None


def damaged(origin: Path, target: Path, name: str, damage: Damage) -> None:
    """Copy a data folder and damage one file of the copy."""
    shutil.copytree(origin, target)
    content = damage((target / name).read_bytes())
    if content is None:
        (target / name).unlink()
    else:
        assert content != (target / name).read_bytes()
        (target / name).write_bytes(content)


@pytest.mark.parametrize("damage", LOG_DAMAGES)
@pytest.mark.parametrize("store", ["catalog.sqlite", "metrics.duckdb"])
def test_a_log_that_lost_what_was_acknowledged_is_refused(
    killed: Path, tmp_path: Path, store: str, damage: str
) -> None:
    """The databases themselves would go on without it; the mark tells how far the acknowledgements went."""
    log = f"{store}-wal" if store.endswith("sqlite") else f"{store}.wal"
    damaged(killed, tmp_path / "data", log, LOG_DAMAGES[damage])
    check_refused(tmp_path / "data", store)


@pytest.mark.parametrize("damage", ["gone", "empty", "text", "head"])
@pytest.mark.parametrize("store", ["catalog.sqlite", "metrics.duckdb"])
def test_a_damaged_file_beside_its_log_is_refused(killed: Path, tmp_path: Path, store: str, damage: str) -> None:
    """A log without its file is not thrown away."""
    damaged(killed, tmp_path / "data", store, DAMAGES[damage])
    check_refused(tmp_path / "data", store)


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "head", "middle"])
@pytest.mark.parametrize("store", ["catalog.sqlite", "metrics.duckdb"])
def test_a_damaged_file_is_refused(ended_well: Path, tmp_path: Path, store: str, damage: str) -> None:
    """A file whose log is folded in is looked at as well."""
    damaged(ended_well, tmp_path / "data", store, DAMAGES[damage])
    check_refused(tmp_path / "data", store)


@pytest.mark.parametrize("name", ["catalog.sqlite-wal", "metrics.duckdb.wal"])
def test_a_torn_tail_that_nobody_was_told_of_is_no_damage(killed: Path, tmp_path: Path, name: str) -> None:
    """A record that was being written when the power went is left out, and all else is there."""
    damaged(killed, tmp_path / "data", name, lambda content: content + content[-500:-100])
    with serving(tmp_path / "data") as server:
        assert stored(server.url, ["x"]) == ALL


@pytest.mark.parametrize("name", ["catalog.sqlite.mark", "metrics.duckdb.mark"])
@pytest.mark.parametrize("damage", ["gone", "empty", "text"])
def test_a_damaged_mark_stops_nobody(killed: Path, tmp_path: Path, name: str, damage: str) -> None:
    """Without a mark nothing can be missed, and what is there is used."""
    damaged(killed, tmp_path / "data", name, DAMAGES[damage])
    with serving(tmp_path / "data") as server:
        assert stored(server.url, ["x"]) == ALL


def test_who_removes_the_mark_goes_on_with_what_is_left(killed: Path, tmp_path: Path) -> None:
    """What the message says to do works: the rest is there and takes new points."""
    damaged(killed, tmp_path / "data", "metrics.duckdb.wal", DAMAGES["cut"])
    check_refused(tmp_path / "data", "metrics.duckdb.mark")
    (tmp_path / "data" / "metrics.duckdb.mark").unlink()
    for extra in (0, 100):
        with serving(tmp_path / "data") as server:
            with sending([Sender(server.port, "x", "v", extra)]):
                pass
            found = stored(server.url, ["x"])
            assert found.get("v", []) == list(range(1, extra + 1))
            assert 0 < len(found["w"]) < TOTAL
            assert found["w"] == ALL["w"][: len(found["w"])]


async def test_whatever_block_is_damaged_is_found_at_the_start(tmp_path: Path) -> None:
    """Points that nobody reads for a year are looked at too; a block that holds nothing may be anything."""
    path = tmp_path / "metrics.duckdb"
    random = Random(1)
    async with DuckDBMetrics(path) as store:
        await store.append([batch([random.random() for _ in range(100_000)])])
        points = await raw(store)
    whole = path.read_bytes()
    refused = 0
    for at in range(100, len(whole), 128 * 1024):
        damaged = whole[:at] + random.randbytes(64) + whole[at + 64 :]
        path.write_bytes(damaged)
        try:
            async with DuckDBMetrics(path) as store:
                assert await raw(store) == points
        except StoreError as exc:
            refused += 1
            assert str(path) in str(exc)
            assert "damaged" in str(exc)
            assert path.read_bytes() == damaged
    assert refused >= 5

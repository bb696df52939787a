"""Damaged files: the server says which, why and what to do, ends with 5, and changes nothing."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.faults.kept import contents
from tests.server.points import batch, raw
from tests.server.test_process import ended, spawn
from tests.support.senders import Sender, create, sending, stored
from tests.support.serving import serving
from tora import rendezvous
from tora.server.catalog import Catalog, CatalogError
from tora.server.metrics.base import StoreError
from tora.server.metrics.duckdb import DuckDBMetrics

TOTAL = 2000
STORES = ("catalog.sqlite", "metrics.duckdb")
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


def log_of(store: str) -> str:
    """Return the name of a store's log."""
    return f"{store}-wal" if store == "catalog.sqlite" else f"{store}.wal"


Damage = Callable[[bytes], bytes | None]


def overwritten(start: float, size: int) -> Damage:
    """Return a damage that puts random bytes at a part of a file."""

    def damage(content: bytes) -> bytes:
        at = int(start * len(content)) if 0 <= start < 1 else int(start) % len(content)
        part = np.random.default_rng(5).bytes(size)
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


async def check_refused(folder: Path, store: str) -> str:
    """Check that a damaged store is not opened, and that every byte of it is kept; return what is said."""
    before = contents(folder, store)
    with pytest.raises((CatalogError, StoreError)) as caught:
        await (DuckDBMetrics(folder / store) if "duckdb" in store else Catalog.in_file(folder / store)).open()
    assert str(folder / store) in str(caught.value)
    assert "backup" in str(caught.value)
    assert contents(folder, store) == before
    return str(caught.value)


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
@pytest.mark.parametrize("store", STORES)
async def test_a_log_that_lost_what_was_acknowledged_is_refused(
    killed: Path, tmp_path: Path, store: str, damage: str
) -> None:
    """The databases themselves would go on without it; the mark tells how far the acknowledgements went."""
    damaged(killed, tmp_path / "data", log_of(store), LOG_DAMAGES[damage])
    await check_refused(tmp_path / "data", store)


@pytest.mark.parametrize("damage", ["gone", "empty", "text"])
@pytest.mark.parametrize("store", STORES)
async def test_a_damaged_file_beside_its_log_is_refused(killed: Path, tmp_path: Path, store: str, damage: str) -> None:
    """A log without its file is not thrown away."""
    damaged(killed, tmp_path / "data", store, DAMAGES[damage])
    await check_refused(tmp_path / "data", store)


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "head", "middle"])
@pytest.mark.parametrize("store", STORES)
async def test_a_damaged_file_is_refused(ended_well: Path, tmp_path: Path, store: str, damage: str) -> None:
    """A file whose log is folded in is looked at as well."""
    damaged(ended_well, tmp_path / "data", store, DAMAGES[damage])
    await check_refused(tmp_path / "data", store)


@pytest.mark.parametrize("store", STORES)
def test_a_server_refuses_to_start_over_damage(killed: Path, tmp_path: Path, store: str) -> None:
    """It ends with 5 and says which file; it answered nobody, and the folder is free."""
    folder = tmp_path / "data"
    damaged(killed, folder, log_of(store), DAMAGES["cut"])
    before = contents(folder, store)
    code, said = ended(spawn(folder, "--port", "0"))
    assert (code, "Traceback" in said) == (5, False), said
    for name in (store, log_of(store), f"{store}.mark"):
        assert str(folder / name) in said
    assert "answers at" not in said
    assert contents(folder, store) == before
    assert not rendezvous.is_held(folder)
    assert rendezvous.read(folder) is None


def test_a_torn_tail_that_nobody_was_told_of_is_no_damage(killed: Path, tmp_path: Path) -> None:
    """A record that was being written when the power went is left out, and all else is there."""
    folder = tmp_path / "data"
    shutil.copytree(killed, folder)
    for log in map(log_of, STORES):
        content = (folder / log).read_bytes()
        # DuckDB's records begin with their size, which for one that is torn goes beyond the end of the file.
        beginning = (1000).to_bytes(8, "little") if "duckdb" in log else b""
        (folder / log).write_bytes(content + beginning + content[-500:-100])
    check_whole(folder)


@pytest.mark.parametrize("damage", ["gone", "text"])
def test_a_damaged_mark_stops_nobody(killed: Path, tmp_path: Path, damage: str) -> None:
    """Without a mark nothing can be missed, and what is there is used."""
    folder = tmp_path / "data"
    shutil.copytree(killed, folder)
    for store in STORES:
        if damage == "gone":
            (folder / f"{store}.mark").unlink()
        else:
            (folder / f"{store}.mark").write_bytes(b"not a number")
    check_whole(folder)


def check_whole(folder: Path) -> None:
    """Check that a server starts over a folder and has everything."""
    with serving(folder) as server:
        assert stored(server.url, ["x"]) == ALL


async def test_who_removes_the_mark_goes_on_with_what_is_left(killed: Path, tmp_path: Path) -> None:
    """What the message says to do works: the rest is there, takes new points and keeps them."""
    path = tmp_path / "data" / "metrics.duckdb"
    damaged(killed, path.parent, log_of(path.name), DAMAGES["cut"])
    mark = path.with_name("metrics.duckdb.mark")
    assert f"remove {mark}" in await check_refused(path.parent, path.name)
    mark.unlink()
    async with DuckDBMetrics(path) as store:
        left = [summary.count for summary in (await store.summaries(["x"]))["x"]]
        assert 0 < left[0] < TOTAL
        await store.append([batch([1.0, 2.0], experiment="x", writer="v")])
    async with DuckDBMetrics(path) as store:
        assert [summary.count for summary in (await store.summaries(["x"]))["x"]] == [left[0] + 2]


async def test_whatever_block_is_damaged_is_found_at_the_start(tmp_path: Path) -> None:
    """Points that nobody reads for a year are looked at too; a block that holds nothing may be anything."""
    path = tmp_path / "metrics.duckdb"
    random = np.random.default_rng(1)
    async with DuckDBMetrics(path) as store:
        await store.append([batch(random.random(100_000).tolist())])
        points = await raw(store)
    whole = path.read_bytes()
    said = []
    for at in range(100, len(whole), 128 * 1024):
        damaged = whole[:at] + random.bytes(64) + whole[at + 64 :]
        path.write_bytes(damaged)
        store = DuckDBMetrics(path)
        try:
            await store.open()
        except StoreError as exc:
            said.append(str(exc))
            kept = path.read_bytes() == damaged
        else:
            kept = await raw(store) == points
            await store.close()
        assert kept, at
    assert len(said) >= 5
    assert all(str(path) in each and "damaged" in each for each in said)

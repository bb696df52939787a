"""Files of other versions: older ones are migrated, newer ones refused; a migration that is killed is done again."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.faults.kept import contents
from tests.server.test_process import ended, spawn
from tests.support import later
from tests.support.polling import until
from tests.support.senders import Sender, create, sending, stored
from tests.support.serving import Server, clean_environment, serving
from tora.server.metrics.duckdb.schema import VERSION

STORES = ("catalog.sqlite", "metrics.duckdb")
LATER = (*later.PROGRAM, "nowhere", "")


def fill(server: Server, total: int = 500) -> None:
    """Create two experiments and log to one."""
    create(server.url, "x", "y")
    with sending([Sender(server.port, "x", "w", total)]):
        pass


def check(folder: Path, *entry: str) -> None:
    """Check that a server of the later version finds and takes everything."""
    with serving(folder, entry=entry or LATER) as server:
        create(server.url, "z")
        assert stored(server.url, ["x", "y", "z"]) == {"w": list(range(1, 501))}
        with sending([Sender(server.port, "y", "v", 10)]):
            pass
    connection = sqlite3.connect(folder / "catalog.sqlite")
    assert connection.execute("SELECT id, unit FROM experiments ORDER BY id").fetchall() == [
        ("x", "m"),
        ("y", "m"),
        ("z", "none"),
    ]
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0902",)]
    connection.close()
    with duckdb.connect(folder / "metrics.duckdb") as database:
        assert database.execute("SELECT schema_version FROM meta").fetchall() == [(VERSION + 2,)]
        assert database.execute("SELECT sid, unit FROM units").fetchall() == [(1, "m")]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_older_files_are_migrated(tmp_path: Path, sign: signal.Signals) -> None:
    """All that the earlier version stored is there, whether it ended well or was killed."""
    with serving(tmp_path / "data") as server:
        fill(server)
        server.stop(sign)
    check(tmp_path / "data")


@pytest.mark.parametrize("store", ["catalog", "metrics"])
def test_a_migration_that_is_killed_is_done_again(tmp_path: Path, store: str) -> None:
    """A SIGKILL between two steps leaves the file as it was: the earlier version can use it, the later migrate it."""
    folder, sign = tmp_path / "data", tmp_path / "stopped"
    with serving(folder) as server:
        fill(server)
    with subprocess.Popen(
        [sys.executable, *later.PROGRAM, store, str(sign), "server", "--dir", str(folder), "--port", "0"],
        env=clean_environment(),
    ) as process:
        try:
            until(sign.exists, "migration that stands still", within=60)
        finally:
            process.kill()
    if store == "metrics":  # the catalog is the first to be migrated, and its migration is done
        code, said = ended(spawn(folder, "--port", "0"))
        assert (code, "catalog.sqlite was written by a newer Tora" in said) == (5, True)
    else:
        with serving(folder) as server:
            assert stored(server.url, ["x", "y"]) == {"w": list(range(1, 501))}
    check(folder)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_newer_files_are_refused_and_kept(tmp_path: Path, sign: signal.Signals) -> None:
    """An earlier version says what to do and changes no byte, not even of a log that waits to be folded in."""
    folder = tmp_path / "data"
    with serving(folder, entry=LATER) as server:
        fill(server)
        server.stop(sign)
    before = [contents(folder, store) for store in STORES]
    code, said = ended(spawn(folder, "--port", "0"))
    assert (code, "Traceback" in said) == (5, False), said
    assert f"{folder / 'catalog.sqlite'} was written by a newer Tora" in said
    assert "upgrade Tora" in said
    assert [contents(folder, store) for store in STORES] == before
    for path in folder.glob("catalog.sqlite*"):
        path.unlink()
    code, said = ended(spawn(folder, "--port", "0"))
    assert (code, "Traceback" in said) == (5, False), said
    assert f"{folder / 'metrics.duckdb'} was written by a newer Tora" in said
    assert contents(folder, "metrics.duckdb") == before[1]

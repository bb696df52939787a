"""Backups: everything that was acknowledged is in them, and nothing but a whole one becomes a data folder."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from tests.support import http
from tests.support.disk import file_size_limit
from tests.support.polling import until
from tests.support.senders import Sender, create, sending, stored
from tests.support.serving import Server, clean_environment, serving
from tora.models import Experiment
from tora.server.backup.making import Backups
from tora.server.backup.restoring import RestoreError, restore
from tora.server.catalog import Catalog
from tora.server.metrics.base import PointBatch, StoreFullError
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.refusals import Refusal

WRITERS: Final = 6


def tora(*words: object, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "tora", *map(str, words)]
    return subprocess.run(
        command, env=clean_environment(**settings), capture_output=True, text=True, check=False, timeout=100
    )


def manifest_of(file: Path) -> Any:
    """Return the manifest of a backup."""
    with tarfile.open(file) as tar:
        found = tar.extractfile("manifest.json")
        assert found is not None
        return json.load(found)


def left(folder: Path) -> list[str]:
    """Return the names of what is under way in a folder."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".") or path.name.endswith(".partial")]


@frozen
class Saved:
    """A backup that was made while writers wrote.

    Attributes:
        file: The backup.
        before: What each writer had been told is stored before it was asked for.
        after: The same when all were done.
        key: A key that was made before.
        token: A write token of that time.
    """

    file: Path
    before: dict[str, int]
    after: dict[str, int]
    key: str
    token: str


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """A backup of a server under full load."""
    folder = tmp_path_factory.mktemp("saved")
    with serving(folder / "data", "--rate-limit", "0") as server:
        create(server.url, "x", "y")
        body = {"name": "kept", "scope": "full"}
        key = http.request("POST", f"{server.url}/api-keys", body, key=server.key).json()["data"]["key"]
        token = http.data(f"{server.url}/experiments/x", key=server.key)["writeToken"]
        senders = [Sender(server.port, "xy"[place % 2], f"w{place}", 10**9) for place in range(WRITERS)]
        with sending(senders):
            until(lambda: all(sender.through > 500 for sender in senders), "load", within=60)
            before = {sender.writer: sender.through for sender in senders}
            done = tora("backup", "--dir", server.dir, folder / "backup.tar")
            assert done.returncode == 0, done.stderr
            during = {sender.writer: sender.through for sender in senders}
            assert all(during[writer] > before[writer] for writer in before), "the writers went on"
            for sender in senders:
                sender.stop()
        assert left(server.dir) == []
        after = {sender.writer: sender.through for sender in senders}
    assert all(set(sender.answers) == {201} for sender in senders), "no writer was refused anything"
    return Saved(folder / "backup.tar", before, after, key, token)


def test_everything_acknowledged_before_is_there(saved: Saved, tmp_path: Path) -> None:
    """Under full write load by several writers, then elsewhere: no gap, nothing twice, counts as the manifest says."""
    done = tora("restore", saved.file, "--dir", tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "elsewhere") as server:
        http.use_key(server.url, server.key)
        found = stored(server.url, ["x", "y"])
        assert found.keys() == saved.before.keys()
        for writer, values in found.items():
            assert values == list(range(1, len(values) + 1))
            assert saved.before[writer] <= len(values) <= saved.after[writer]
        counts = {id_: sum(one["count"] for one in http.summaries(server.url, id_).values()) for id_ in ("x", "y")}
        assert manifest_of(saved.file)["counts"]["experiments"] == counts
        assert sum(counts.values()) == sum(map(len, found.values()))
        # Keys and write tokens open what they opened, and the writers go on where they were.
        assert http.request("GET", f"{server.url}/session", key=saved.key).json()["data"]["user"]["name"] == "owner"
        through = len(found["w0"])
        with sending([Sender(server.port, "x", "w0", through + 10, through=through)]):
            pass
        batch = {"writer": "w0", "firstSeq": 1, "logs": [{"name": "loss", "value": 1, "step": 1}]}
        url = f"{server.url}/experiments/x/logs/batch"
        assert http.request("POST", url, batch, key=saved.token).json()["data"]["through"] == through + 10


def test_a_backup_can_be_made_without_a_server(saved: Saved, tmp_path: Path) -> None:
    """`tora backup --dir` opens the stores itself where no server runs; the counts are the same."""
    restore(saved.file, tmp_path / "data")
    done = tora("backup", "--dir", tmp_path / "data", tmp_path / "again.tar")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.tar").stat().st_mode & 0o777 == 0o600
    counts = [manifest_of(file)["counts"] for file in (saved.file, tmp_path / "again.tar")]
    assert counts[0]["experiments"] == counts[1]["experiments"]
    assert counts[0]["metrics"] == counts[1]["metrics"]


def test_only_administrators_get_a_backup(own_server: Server) -> None:
    """Nobody is 401, whoever is no administrator 403; the backup of one is noted in the audit log."""
    assert http.request("GET", f"{own_server.url}/backup", key="").status == 401
    answer = http.request("GET", f"{own_server.url}/backup", key=own_server.key)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-tar"
    assert int(answer.headers["content-length"]) == len(answer.body)
    noted = http.data(f"{own_server.url}/audit", key=own_server.key)["items"][0]
    assert noted["action"] == "backup.make"


def test_a_reader_that_leaves_leaves_nothing(own_server: Server) -> None:
    """Whoever hangs up before the end costs no space; so does a server that was killed in the midst of it."""
    request = f"GET /backup HTTP/1.1\r\nHost: 127.0.0.1:{own_server.port}\r\nx-api-key: {own_server.key}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", own_server.port)) as connection:
        connection.sendall(request.encode())
        until(lambda: left(own_server.dir), "backup under way")
    until(lambda: not left(own_server.dir), "end of the backup")
    own_server.stop()
    (own_server.dir / ".backup.killed").mkdir()
    (own_server.dir / ".backup.killed" / "metrics.duckdb").write_bytes(b"half")
    with serving(own_server.dir):
        assert left(own_server.dir) == []


def test_the_command_leaves_no_half_file(tmp_path: Path) -> None:
    """A file that is there is not overwritten; a server that cannot be asked leaves no file behind."""
    there = tmp_path / "there.tar"
    there.write_bytes(b"mine")
    done = tora("backup", "--dir", tmp_path, there)
    assert (done.returncode, "there already" in done.stderr) == (1, True)
    assert there.read_bytes() == b"mine"
    nowhere = {"TORA_SERVER_URL": "http://127.0.0.1:1", "TORA_DIR": str(tmp_path / "d")}
    done = tora("backup", tmp_path / "new.tar", **nowhere)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    done = tora("backup", "--dir", tmp_path / "no-folder", tmp_path / "new.tar")
    assert (done.returncode, "no data folder of Tora" in done.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["there.tar"]


# --- The stores themselves --------------------------------------------------------------------------


def batch(experiment: str, count: int) -> PointBatch:
    """Return points of one writer."""
    return PointBatch(
        experiment=experiment,
        writer="w",
        first_seq=1,
        names=["loss"] * count,
        values=[0.5] * count,
        steps=list(range(count)),
        times=[1.0] * count,
        metadata=[None] * count,
        msg_ids=[None] * count,
        received=1.0,
    )


async def test_points_of_deleted_experiments_are_left_out(tmp_path: Path) -> None:
    """An experiment that is deleted between the two copies leaves no points behind; a second backup has to wait."""
    async with (
        Catalog.in_file(tmp_path / "catalog.sqlite") as catalog,
        DuckDBMetrics(tmp_path / "metrics.duckdb") as metrics,
    ):
        await catalog.create_experiment(Experiment(id="kept", name="kept"))
        await metrics.append([batch("kept", 10), batch("gone", 20)])
        backups = Backups(tmp_path, catalog, metrics)
        async with backups.made() as archive:
            assert archive.manifest.counts.experiments == {"kept": 10}
            assert archive.manifest.counts.metrics["points"] == 10
            assert sum(map(len, archive.pieces())) == archive.size
            with pytest.raises(Refusal, match="another backup"):
                async with backups.made():
                    pass
        assert (await metrics.summaries(["gone"]))["gone"][0].count == 20


async def test_a_full_disk_is_said_and_costs_nothing(tmp_path: Path) -> None:
    """Where the copy finds no room the error says so, nothing is left of it, and the store goes on."""
    async with (
        Catalog.in_file(tmp_path / "catalog.sqlite") as catalog,
        DuckDBMetrics(tmp_path / "metrics.duckdb") as metrics,
    ):
        await metrics.append([batch("x", 1000)])
        size = (tmp_path / "metrics.duckdb").stat().st_size
        with file_size_limit(size // 2), pytest.raises(StoreFullError, match="make room"):
            async with Backups(tmp_path, catalog, metrics).made():
                pass
        assert left(tmp_path) == []
        await metrics.append([batch("y", 10)])
        assert (await metrics.summaries(["y"]))["y"][0].count == 10


# --- What is no backup ------------------------------------------------------------------------------


def repacked(file: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """Write a backup's members to another tar, each changed or left out."""
    with tarfile.open(file) as source, tarfile.open(target, "w:") as tar:
        for member in source:
            found = source.extractfile(member)
            assert found is not None
            changed = change(member.name, found.read())
            if changed is not None:
                member.name, data = changed
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return target


def changed_manifest(**changes: Any) -> Callable[[str, bytes], tuple[str, bytes]]:
    """Return a change of the manifest."""

    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return (name, json.dumps({**json.loads(data), **changes}).encode() if name == "manifest.json" else data)

    return change


def flipped(which: str) -> Callable[[str, bytes], tuple[str, bytes]]:
    """Return the change of one byte in the midst of a member."""

    def change(name: str, data: bytes) -> tuple[str, bytes]:
        at = len(data) // 2
        return name, data if name != which else data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return change


STRANGE: Final[dict[str, Callable[[str, bytes], tuple[str, bytes] | None]]] = {
    "a byte of the catalog is another": flipped("catalog.sqlite"),
    "a byte of the metrics is another": flipped("metrics.duckdb"),
    "the metrics are missing": lambda name, data: None if name == "metrics.duckdb" else (name, data),
    "the manifest is missing": lambda name, data: None if name == "manifest.json" else (name, data),
    "the manifest is no JSON": lambda name, data: (name, b"{" if name == "manifest.json" else data),
    "it is of a newer form": changed_manifest(format=2),
    "it names other files": changed_manifest(files={"../evil": {"size": 0, "sha256": ""}}),
    "its counts are others": changed_manifest(counts={"catalog": {}, "metrics": {}, "experiments": {"x": 1}}),
    "a member leads out of the folder": lambda name, data: (f"../{name}" if name == "catalog.sqlite" else name, data),
    "a member is absolute": lambda name, data: ("/tmp/evil" if name == "catalog.sqlite" else name, data),  # noqa: S108
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_is_no_whole_backup_makes_nothing(saved: Saved, tmp_path: Path, what: str) -> None:
    """Whatever was changed in it, the error says so, and neither a folder nor a trace of one is there."""
    file = repacked(saved.file, tmp_path / "strange.tar", STRANGE[what])
    with pytest.raises(RestoreError) as caught:
        restore(file, tmp_path / "to" / "data")
    assert "strange.tar" in str(caught.value) or "in the backup is damaged" in str(caught.value)
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.parametrize("part", [0, 0.0001, 0.5, 0.999])
def test_what_was_cut_short_makes_nothing(saved: Saved, tmp_path: Path, part: float) -> None:
    """A backup that ends too early, wherever, is refused."""
    data = saved.file.read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: int(len(data) * part)])
    with pytest.raises(RestoreError):
        restore(tmp_path / "cut.tar", tmp_path / "to" / "data")
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_are_not_followed(saved: Saved, tmp_path: Path, kind: bytes) -> None:
    """A member that is no plain file is refused: nothing is written where a link leads."""
    (tmp_path / "target").write_bytes(b"mine")
    with tarfile.open(saved.file) as source, tarfile.open(tmp_path / "link.tar", "w:") as tar:
        first = source.next()
        assert first is not None
        tar.addfile(first, source.extractfile(first))
        link = tarfile.TarInfo("catalog.sqlite")
        link.type, link.linkname = kind, str(tmp_path / "target")
        tar.addfile(link)
    with pytest.raises(RestoreError, match="damaged"):
        restore(tmp_path / "link.tar", tmp_path / "to" / "data")
    assert (tmp_path / "target").read_bytes() == b"mine"
    assert list((tmp_path / "to").iterdir()) == []


def test_a_folder_with_data_is_not_overwritten(saved: Saved, tmp_path: Path) -> None:
    """Restoring takes a new or empty folder and no other; the command says so and ends with 1."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "catalog.sqlite").write_bytes(b"mine")
    done = tora("restore", saved.file, "--dir", tmp_path / "full")
    assert (done.returncode, "not empty" in done.stderr) == (1, True)
    assert (tmp_path / "full" / "catalog.sqlite").read_bytes() == b"mine"
    (tmp_path / "empty").mkdir()
    manifest = restore(saved.file, tmp_path / "empty")
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == sorted(manifest.files)
    for path in (tmp_path / "empty").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o700

"""`tora doctor` finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support import http
from tests.support.senders import Sender, create, sending
from tests.support.serving import Server, serving
from tora.cli import app


def doctor(folder: Path, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code, and each check by its name; the worst of those that share one."""
    result = CliRunner().invoke(app, ["doctor", "--dir", str(folder), "--json"], env=environment)
    said = json.loads(result.stdout)
    assert said["ok"] == (result.exit_code == 0)
    order = ["fine", "odd", "wrong"]
    checks = sorted(said["checks"], key=lambda check: order.index(check["state"]))
    return result.exit_code, {check["name"]: check for check in checks}


def wrong(folder: Path, name: str) -> str:
    """Check that one thing is wrong, with advice; return how it was found."""
    code, checks = doctor(folder)
    assert code == 1
    assert checks[name]["state"] == "wrong", checks
    assert checks[name]["advice"]
    found: str = checks[name]["found"]
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but the lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".lock"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in good order, with points in it."""
    folder = tmp_path / "data"
    with serving(folder) as server:
        create(server.url, "x")
        with sending([Sender(server.port, "x", "w", 100)]):
            pass
    folder.chmod(0o700)
    return folder


def test_a_running_server_is_well(own_server: Server) -> None:
    """It answers, knows the key, has this version and this time; its folder and databases are its own."""
    own_server.dir.chmod(0o700)
    code, checks = doctor(own_server.dir)
    assert code == 0, checks
    assert {name: check["state"] for name, check in checks.items() if name != "disk"} == dict.fromkeys(
        ("settings", "data folder", "files", "owner", "journals", "databases", "server", "version", "key", "clock"),
        "fine",
    )
    assert str(own_server.process.pid) in checks["owner"]["found"]


def test_what_is_wrong_with_a_folder_is_found(data: Path) -> None:
    """Rights, modes, a damaged database, a file that is gone: each is found, and nothing is changed."""
    before = contents(data)
    assert doctor(data)[0] == 0
    data.chmod(0o755)
    assert "0755" in wrong(data, "data folder")
    data.chmod(0o700)
    (data / "local-key").chmod(0o644)
    assert "local-key" in wrong(data, "files")
    (data / "local-key").chmod(0o600)
    assert doctor(data)[0] == 0
    assert contents(data) == before
    raw = (data / "metrics.duckdb").read_bytes()
    (data / "metrics.duckdb").write_bytes(raw[: len(raw) // 2])
    assert "metrics.duckdb" in wrong(data, "metrics.duckdb")
    (data / "metrics.duckdb").write_bytes(raw)
    (data / "catalog.sqlite").unlink()
    (data / "catalog.sqlite-wal").write_bytes(b"x")
    assert "gone" in wrong(data, "catalog.sqlite")


def test_what_a_killed_server_left_is_found(tmp_path: Path) -> None:
    """Logs that wait are read without being folded in; a log that lacks what was acknowledged is wrong."""
    folder = tmp_path / "data"
    with serving(folder) as server:
        create(server.url, "x")
        assert server.stop(signal.SIGKILL) < 0
    folder.chmod(0o700)
    (folder / ".backup.left").mkdir()
    before = contents(folder)
    code, checks = doctor(folder)
    assert code == 0, checks
    assert checks["owner"]["state"] == checks["leftovers"]["state"] == "odd"
    assert checks["catalog.sqlite"]["state"] == checks["metrics.duckdb"]["state"] == "fine"
    assert contents(folder) == before
    (folder / "catalog.sqlite-wal").unlink()
    assert "lacks what was acknowledged" in wrong(folder, "catalog.sqlite")


def test_files_of_other_versions_are_named(data: Path) -> None:
    """An older form is something to know, a newer one is wrong."""
    for revision, state in (("0001", "odd"), ("9999", "wrong")):
        with closing(sqlite3.connect(data / "catalog.sqlite")) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        assert doctor(data)[1]["catalog.sqlite"]["state"] == state


def test_a_server_that_does_not_answer_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings' server is asked; the lines for people say what to do, and the exit code is 1."""
    monkeypatch.setenv("TORA_SERVER_URL", "http://127.0.0.1:1")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "WRONG  server: http://127.0.0.1:1 does not answer" in result.stdout
    assert "-> check TORA_SERVER_URL" in result.stdout
    monkeypatch.setenv("TORA_SERVER_URL", "nonsense")
    result = CliRunner().invoke(app, ["doctor"])
    assert (result.exit_code, "WRONG  settings" in result.stdout) == (1, True)


def test_a_key_that_is_not_known_is_wrong(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So is a settings file with a key that others may read."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = tmp_path / "config" / "tora" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'server_url = "{server.url}"\napi_key = "tora_wrong"\n')
    file.chmod(0o644)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "WRONG  key" in result.stdout
    assert "WRONG  settings: others may read" in result.stdout
    assert "tora_wrong" not in result.stdout
    assert http.data(f"{server.url}/health")["mode"] == "team"

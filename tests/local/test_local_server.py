"""The local server, found or started by those who need it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tora
from tests.support.http import data, request, use_key
from tests.support.polling import until
from tests.support.programs import run, stored
from tests.support.serving import clean_environment, free_port, stop_local
from tora import rendezvous
from tora.rendezvous import ServerInfo

SCRIPT = """
import tora
tora.setup("local", hyperparams={"lr": 0.1})
tora.tlog("loss", 1.0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose server, if any, ends with the test."""
    yield tmp_path / "data"
    stop_local(tmp_path / "data")


def served(folder: Path) -> ServerInfo:
    """Return what the folder's running server says of itself."""
    assert rendezvous.is_held(folder)
    info = rendezvous.read(folder)
    assert info is not None
    use_key(info.url, rendezvous.local_key(folder) or "")
    return info


def experiments(url: str) -> list[dict[str, object]]:
    """Return all experiments of a server."""
    return list(data(f"{url}/experiments")["items"])


def test_the_first_setup_starts_a_server_and_the_next_finds_it(folder: Path) -> None:
    """Two scripts, one after the other, with no settings at all but the folder: one server has both runs."""
    port = free_port()
    for count in (1, 2):
        ended = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=clean_environment(TORA_DIR=str(folder), TORA_PORT=str(port)),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        url = served(folder).url
        assert (url, ended.stderr) == (f"http://127.0.0.1:{port}", "")
        address = ended.stdout.removeprefix("Tora experiment: ").strip()
        address, _, opener = address.partition("#token=")
        assert opener == rendezvous.opener(rendezvous.local_key(folder) or "")
        assert request("GET", address).headers["content-type"].startswith("text/html")
        assert stored(url, address.rpartition("/")[2]) == {"loss": 1}
        assert len(experiments(url)) == count
        assert request("GET", f"{url}/health").json()["data"]["mode"] == "local"


def test_ten_that_start_at_once_share_one_server(folder: Path) -> None:
    """Ten processes that call setup at the same moment with an empty folder: one server, ten experiments, no error."""
    script = f"input()\n{SCRIPT}"
    environment = clean_environment(TORA_DIR=str(folder), TORA_PORT="0")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=90) for process in started]
    assert [process.returncode for process in started] == [0] * 10, said
    assert [err for _, err in said] == [""] * 10
    info = served(folder)
    assert {out.partition("/e/")[0] for out, _ in said} == {f"Tora experiment: {info.url}"}
    found = experiments(info.url)
    assert len(found) == 10
    assert {str(one["status"]) for one in found} == {"finished"}


def test_what_a_killed_server_left_is_survived(folder: Path) -> None:
    """A lock file and a server.json of a server that was killed do not keep the next one from starting."""
    assert run(SCRIPT, folder, TORA_PORT="0").code == 0
    killed = served(folder)
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not rendezvous.is_held(folder), "end of the server")
    assert rendezvous.read(folder) == killed
    assert run(SCRIPT, folder, TORA_PORT="0").code == 0
    assert served(folder).pid != killed.pid
    assert len(experiments(served(folder).url)) == 2


def test_a_taken_port_is_survived(folder: Path) -> None:
    """Where somebody else has the port, the server takes a free one."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run(SCRIPT, folder, TORA_PORT=str(port)).code == 0
    info = served(folder)
    assert info.port != port
    assert len(experiments(info.url)) == 1


def test_a_server_killed_under_a_client_is_started_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client starts the local server again, on the same port, and delivers what came meanwhile."""
    monkeypatch.setenv("TORA_DIR", str(folder))
    monkeypatch.setenv("TORA_PORT", "0")
    with tora.Tora.create_experiment("revived") as client:
        client.log("loss", 1.0)
        client.flush()
        before = served(folder)
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: not rendezvous.is_held(folder), "end of the server")
        client.log("loss", 2.0)
        assert client.flush(60).stored == 2
        after = served(folder)
        assert (after.port, after.pid == before.pid) == (before.port, False)
    assert stored(after.url, client.experiment_id) == {"loss": 2}
    assert data(f"{after.url}/experiments/{client.experiment_id}")["status"] == "finished"


def test_a_server_that_ended_by_itself_is_started_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its idle end the next client has a server again, with all that the last one had."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "tora", "server", "--local", "--dir", folder, "--port", "0", "--idle", "3"],
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as idle:
        until(lambda: rendezvous.read(folder), "server")
        assert run(SCRIPT, folder, TORA_PORT="0").code == 0
        assert idle.wait(30) == 0
    assert rendezvous.read(folder) is None
    monkeypatch.setenv("TORA_DIR", str(folder))
    monkeypatch.setenv("TORA_PORT", "0")
    with tora.Tora.create_experiment("next"):
        assert len(experiments(served(folder).url)) == 2


def test_a_folder_of_another_machine_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder on a network disk that a server elsewhere owns is an error that names the machine."""
    monkeypatch.setenv("TORA_DIR", str(folder))
    assert run(SCRIPT, folder, TORA_PORT="0").code == 0
    here = served(folder)
    there = ServerInfo(here.url, "another-machine", here.pid, here.port, here.version, here.started)
    rendezvous.write(folder, there)
    try:
        with pytest.raises(tora.ToraConfigurationError, match="another-machine") as raised:
            tora.Tora.create_experiment("elsewhere")
    finally:
        rendezvous.write(folder, here)
    assert "TORA_DIR" in str(raised.value)


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder that cannot be made is an error that names it and what to set."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TORA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(tora.ToraConfigurationError, match="TORA_DIR") as raised:
        tora.Tora.create_experiment("nowhere")
    assert str(tmp_path / "file" / "data") in str(raised.value)


def test_a_server_that_does_not_start_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server said at its start is in the error, with the file of its log."""
    folder.mkdir()
    (folder / "catalog.sqlite").mkdir()
    monkeypatch.setenv("TORA_DIR", str(folder))
    monkeypatch.setenv("TORA_PORT", "0")
    with pytest.raises(tora.ToraNetworkError, match=r"server\.log"):
        tora.Tora.create_experiment("broken")

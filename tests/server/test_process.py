"""The server as a process: its folder, its port, its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.server.stream import listening
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, clean_environment, free_port, serving, start
from tora import rendezvous

WITHIN = 60


def spawn(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start a server without waiting for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tora", "server", "--dir", str(folder), *options],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code of a process that ends by itself, and what it printed."""
    try:
        said, _ = process.communicate(timeout=WITHIN)
    finally:
        process.kill()  # if it has not ended, it must not outlive the test
    return process.returncode, said


def info(folder: Path) -> rendezvous.ServerInfo:
    """Return who owns a folder once somebody does and answers."""
    until(lambda: rendezvous.is_held(folder) and rendezvous.read(folder), "server in the folder", within=WITHIN)
    found = rendezvous.read(folder)
    assert found is not None
    return found


def batch(first: int, count: int = 10) -> dict[str, Any]:
    """Return a batch of the writer w."""
    return {"writer": "w", "firstSeq": first, "logs": [{"name": "loss", "value": first + i} for i in range(count)]}


def count(server: Server) -> int:
    """Return how many points of the experiment x are stored."""
    found = http.summaries(server.url, "x")
    return int(found["loss"]["count"]) if found else 0


def test_the_folder_is_private_and_says_who_owns_it(own_server: Server) -> None:
    """Only the user may look in; server.json tells where the server answers."""
    folder = own_server.dir
    for name in ("server.json", "local-key", "server.lock", "catalog.sqlite", "metrics.duckdb"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    said = json.loads((folder / "server.json").read_text())
    assert said.keys() == {"url", "host", "pid", "port", "version", "started"}
    assert said["pid"] == own_server.process.pid
    assert said["host"] == socket.gethostname()
    assert rendezvous.is_held(folder)


def test_a_new_folder_is_made_private(tmp_path: Path) -> None:
    """The data folder, and what leads to it, is made where it is missing."""
    folder = tmp_path / "a" / "b"
    process = spawn(folder, "--port", "0")
    try:
        info(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        process.terminate()
        ended(process)


def test_a_graceful_end_leaves_no_trace(own_server: Server) -> None:
    """SIGTERM ends it with 0; nobody is told of it any more, and the folder is free."""
    assert own_server.stop() == 0
    assert rendezvous.read(own_server.dir) is None
    assert not rendezvous.is_held(own_server.dir)
    assert not [path.name for path in own_server.dir.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_what_was_acknowledged_survives_the_end(tmp_path: Path, sign: signal.Signals) -> None:
    """A server that is ended while batches come in has stored exactly what it acknowledged, or a batch more."""
    folder = tmp_path / "data"
    with serving(folder) as running:
        acknowledged = _log_until(running, lambda: running.stop(sign) == 0)
    with serving(folder) as again:
        assert count(again) - acknowledged in {0, 10}


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """SIGKILL loses no acknowledged point, and the folder can be used again at once, five times over."""
    folder = tmp_path / "data"
    for _ in range(5):
        with serving(folder) as running:
            acknowledged = _log_until(running, lambda: running.stop(signal.SIGKILL) < 0)
        assert rendezvous.read(folder) is not None  # nobody took it back
        assert not rendezvous.is_held(folder)
        with serving(folder) as again:
            assert count(again) - acknowledged in {0, 10}


def _log_until(server: Server, end: Any) -> int:
    """Log batches until the server ends under it; return how many points were acknowledged in all."""
    http.request("POST", f"{server.url}/experiments", {"id": "x", "name": "x"})
    acknowledged = count(server)
    thread = threading.Timer(0.3, end)
    thread.start()
    try:
        while True:
            answer = http.request("POST", f"{server.url}/experiments/x/logs/batch", batch(acknowledged + 1))
            if answer.status != 201:
                break
            acknowledged += 10
            assert answer.json()["data"] == {"accepted": 10, "through": acknowledged}
    except (OSError, ValueError):
        pass
    thread.join()
    return acknowledged


def test_it_ends_although_somebody_watches(own_server: Server) -> None:
    """Open event streams and idle connections do not hold up the end."""
    http.request("POST", f"{own_server.url}/experiments", {"id": "x", "name": "x"})
    with (
        socket.create_connection(("127.0.0.1", own_server.port)),
        listening(own_server.port, "x") as one,
        listening(own_server.port, "x") as two,
    ):
        one.next("experiment")
        assert own_server.stop() == 0
        assert list(one.events()) == []
        assert [event.kind for event in two.events()] == ["experiment"]


def test_it_ends_although_a_body_never_comes(own_server: Server) -> None:
    """A request that stands still is cut after a few seconds."""
    http.request("POST", f"{own_server.url}/experiments", {"id": "x", "name": "x"})
    with socket.create_connection(("127.0.0.1", own_server.port)) as slow:
        slow.sendall(b"POST /experiments/x/logs/batch HTTP/1.1\r\nContent-Length: 100\r\n")
        slow.sendall(b"Host: 127.0.0.1:%d\r\n\r\n{" % own_server.port)
        assert http.request("GET", f"{own_server.url}/health").status == 200
        assert own_server.stop() == 0


def test_a_second_server_is_told_who_owns_the_folder(own_server: Server) -> None:
    """It ends with 3 and names the machine, the process and the address of the first, which goes on."""
    code, said = ended(spawn(own_server.dir, "--port", "0"))
    assert code == 3
    for word in (own_server.url, str(own_server.process.pid), socket.gethostname(), str(own_server.dir)):
        assert word in said
    assert "Traceback" not in said
    assert http.request("GET", f"{own_server.url}/health").status == 200


def test_a_port_that_is_taken_is_said(own_server: Server, tmp_path: Path) -> None:
    """A server run by hand takes the port it was given or none: it ends with 4."""
    code, said = ended(spawn(tmp_path / "other", "--port", str(own_server.port)))
    assert code == 4
    assert str(own_server.port) in said
    assert "--port" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_said(tmp_path: Path, host: str) -> None:
    """An address that is not this machine's ends the server with 4."""
    code, said = ended(spawn(tmp_path / "data", "--host", host, "--port", "0"))
    assert (code, "Traceback" in said) == (4, False)
    assert host in said


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """A file where the folder should be ends the server with 5."""
    (tmp_path / "file").write_text("not a folder")
    code, said = ended(spawn(tmp_path / "file", "--port", "0"))
    assert (code, "Traceback" in said) == (5, False)
    assert str(tmp_path / "file") in said


@pytest.mark.parametrize("name", ["catalog.sqlite", "metrics.duckdb"])
def test_a_damaged_file_is_said_and_kept(tmp_path: Path, name: str) -> None:
    """A store that cannot be read ends the server with 5; nothing is overwritten, and the folder is free."""
    folder = tmp_path / "data"
    folder.mkdir()
    garbage = b"this is no database, it only has the name of one " * 100
    (folder / name).write_bytes(garbage)
    code, said = ended(spawn(folder, "--port", "0"))
    assert (code, "Traceback" in said) == (5, False)
    assert name in said
    assert (folder / name).read_bytes() == garbage
    assert not rendezvous.is_held(folder)


def test_what_a_killed_export_left_is_removed(tmp_path: Path) -> None:
    """Files that an export was making when its server was killed do not stay for ever."""
    left = tmp_path / "data" / ".export.abc"
    left.mkdir(parents=True)
    (left / "points.parquet").write_bytes(b"half of it")
    with serving(tmp_path / "data"):
        assert not left.exists()


def test_a_wrong_option_is_said(tmp_path: Path) -> None:
    """The command line's own errors end with 2."""
    assert ended(spawn(tmp_path, "--port", "70000"))[0] == 2


def test_the_key_outlives_the_server(tmp_path: Path) -> None:
    """The folder's key, and write tokens with it, are the same after a restart."""
    with serving(tmp_path / "data") as running:
        made = http.request("POST", f"{running.url}/experiments", {"id": "x", "name": "x"}).json()["data"]
        key = running.key
    with serving(tmp_path / "data", anonymous=False) as again:
        assert again.key == key
        answer = http.request("POST", f"{again.url}/experiments/x/logs/batch", batch(1), key=made["writeToken"])
        assert answer.status == 201


# --- The local server -----------------------------------------------------------------------------


def local(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start a server the way a client does."""
    return spawn(folder, "--local", *options)


def test_a_local_server_takes_another_port_where_its_own_is_taken(own_server: Server, tmp_path: Path) -> None:
    """It takes a free port instead, and the same one when it is started again."""
    folder = tmp_path / "local"
    ports = []
    for _ in range(2):
        process = local(folder, "--port", str(own_server.port))
        try:
            found = info(folder)
            assert http.data(f"{found.url}/health")["mode"] == "local"
            ports.append(found.port)
        finally:
            process.terminate()
            assert ended(process) == (0, "")
    assert ports[0] == ports[1] != own_server.port


def test_a_local_server_takes_the_port_it_is_asked_for(tmp_path: Path) -> None:
    """A free port that is asked for is taken, another one at the next start as well."""
    for port in (free_port(), free_port()):
        process = local(tmp_path / "local", "--port", str(port))
        try:
            assert info(tmp_path / "local").port == port
        finally:
            process.terminate()
            ended(process)


def test_a_local_server_is_its_users_own_and_polite(tmp_path: Path) -> None:
    """It takes the key of its folder and nothing without one, runs at a lower priority and logs to a file."""
    folder = tmp_path / "local"
    process = local(folder, "--port", "0")
    try:
        found = info(folder)
        key = rendezvous.local_key(folder)
        assert http.request("POST", f"{found.url}/experiments", {"name": "a"}, key=key).status == 201
        assert http.request("POST", f"{found.url}/experiments", {"name": "a"}).status == 401
        assert http.request("GET", f"{found.url}/experiments").status == 401
        assert os.getpriority(os.PRIO_PROCESS, found.pid) >= min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)
    finally:
        process.terminate()
        assert ended(process) == (0, "")
    said = (folder / "server.log").read_text()
    assert found.url in said
    assert (folder / "local-key").read_text().strip() not in said


def test_a_local_server_ends_when_nobody_needs_it(tmp_path: Path) -> None:
    """Without a connection or request for its time it ends by itself; a connection keeps it."""
    folder = tmp_path / "local"
    process = local(folder, "--port", "0", "--idle", "1")
    found = info(folder)
    with socket.create_connection(("127.0.0.1", found.port)) as held:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        held.close()
    assert ended(process) == (0, "")
    assert rendezvous.read(folder) is None


def test_of_many_that_start_at_once_one_serves(tmp_path: Path) -> None:
    """Five servers started on one folder: one answers, the others end with 3."""
    folder = tmp_path / "local"
    processes = [local(folder, "--port", "0") for _ in range(5)]
    found = info(folder)
    losers = [process for process in processes if process.pid != found.pid]
    assert len(losers) == 4
    for process in losers:
        code, said = ended(process)
        assert code == 3
        assert found.url in said
    assert http.request("GET", f"{found.url}/health").status == 200
    (winner,) = [process for process in processes if process.pid == found.pid]
    winner.terminate()
    assert ended(winner)[0] == 0


def test_a_stale_file_is_overwritten(tmp_path: Path) -> None:
    """What a killed server said of itself misleads nobody."""
    folder = tmp_path / "data"
    killed = start(folder)
    killed.stop(signal.SIGKILL)
    assert rendezvous.read(folder) is not None
    with serving(folder) as again:
        found = rendezvous.read(folder)
        assert found is not None
        assert found.pid == again.process.pid

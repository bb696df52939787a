"""A real server process on a free port with a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attrs import define

from tests.support import http, nursery
from tests.support.polling import until
from tora import rendezvous

__all__ = ["UNMEASURED", "Server", "clean_environment", "free_port", "serving", "start", "stop_local"]

_STOP_WITHIN = 30.0
_ITSELF: Final = (sys.executable, "-m", "tora")


@define
class Server:
    """A server process of the test's own.

    Attributes:
        since: When the test began that looks for its own experiments on a server that others use too.
    """

    url: str
    port: int
    dir: Path
    process: subprocess.Popen[bytes] | nursery.Forked
    log: Path
    since: datetime | None = None

    @property
    def key(self) -> str:
        """Return the local key that the server keeps in its folder."""
        return (self.dir / "local-key").read_text(encoding="utf-8").strip()

    def said(self) -> str:
        """Return all that the process has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit code; SIGKILL follows when it does not end in time."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            return self.process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(_STOP_WITHIN)


def start(
    folder: Path,
    *options: str,
    port: int = 0,
    anonymous: bool = True,
    python: str = sys.executable,
    entry: Sequence[str] = ("-m", "tora"),
) -> Server:
    """Start ``tora server``, or another program in its place, and return once it answers; the caller stops it."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.parent / f"{folder.name}.server.log"
    # Tests ask much in a short time; those of the limits name their own.
    limit = [] if "--rate-limit" in options else ["--rate-limit", "0"]
    arguments = ["server", "--port", str(port), "--dir", str(folder), *limit, *options]
    arguments += ["--anonymous"] if anonymous else []
    environment = clean_environment(TORA_DIR=str(folder))
    process: subprocess.Popen[bytes] | nursery.Forked
    if (python, *entry) == _ITSELF and nursery.can_fork():
        process = nursery.fork(arguments, environment, log)
    else:
        process = _popen([python, *entry, *arguments], environment, log)
    server = Server("", 0, folder, process, log)
    try:
        server.url = until(lambda: _own_url(server), "server that says where it is", within=60)
        server.port = urlsplit(server.url).port or 0
        http.use_key(server.url, "")  # a local server may have had this address
        until(lambda: _answers(server), f"answer from {server.url}")
    except AssertionError as exc:
        server.stop(signal.SIGKILL)
        raise AssertionError(f"{exc}\n{server.said()}") from exc
    return server


def _popen(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )


@contextmanager
def serving(
    folder: Path, *options: str, port: int = 0, anonymous: bool = True, entry: Sequence[str] = ("-m", "tora")
) -> Iterator[Server]:
    """Run a server over a data folder for the length of a ``with`` block."""
    server = start(folder, *options, port=port, anonymous=anonymous, entry=entry)
    try:
        yield server
    finally:
        server.stop()


def stop_local(folder: Path) -> None:
    """End the local server that a client started for a data folder, if one runs."""
    found = rendezvous.read(folder)
    if found is None or not rendezvous.is_held(folder):
        return
    os.kill(found.pid, signal.SIGTERM)
    until(lambda: not rendezvous.is_held(folder), f"end of the local server {found.pid}", within=_STOP_WITHIN)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


UNMEASURED: Final = {"COVERAGE_PROCESS_CONFIG": ""}
"""For a program that signals interrupt all the time: coverage holds a lock for moments, and a handler waits for it."""


def clean_environment(**settings: str) -> dict[str, str]:
    """Return the environment of a child process: no setting of Tora's but those given, and no readings of the machine.

    Those would add metrics to whatever takes long enough.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TORA_")}
    return {**kept, "TORA_SYSTEM": "off", **settings}


def _own_url(server: Server) -> str:
    if (code := server.process.poll()) is not None:
        raise AssertionError(f"the server ended with {code}")
    # A killed server leaves its file behind, so only what this process wrote counts.
    found = rendezvous.read(server.dir)
    return found.url if found and found.pid == server.process.pid else ""


def _answers(server: Server) -> bool:
    try:
        return http.request("GET", f"{server.url}/health", timeout=5).status == 200
    except OSError:
        return False

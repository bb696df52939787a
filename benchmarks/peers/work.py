"""One piece of work with one peer, in a process of its own: what `drive.py` is asked, and what it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from attrs import frozen

from benchmarks.peers.catalogue import Peer
from tests.support.serving import free_port, stop_local
from tora import rendezvous

__all__ = ["Bench", "WorkError", "imported", "local_server"]

_DRIVE = Path(__file__).with_name("drive.py")
_TIMEOUT = 900.0
_SETTLE_SECONDS = 4.0


class WorkError(Exception):
    """A peer did not do its work; the text is the last that it said."""


@frozen
class Bench:
    """A peer with the interpreter of its environment, ready to be measured.

    Attributes:
        scratch: Where each piece of work gets a folder of its own.
        settings: Further variables of its processes' environment.
    """

    peer: Peer
    python: Path
    scratch: Path
    settings: dict[str, str]

    def version(self) -> str:
        """Return the version that is imported."""
        return str(self._answer("version", 0, self._folder())["version"])

    def total(self, count: int) -> dict[str, Any]:
        """Log so many metrics and return the seconds until all are stored."""
        answer = self._answer("total", count, self._folder())
        if answer["stored"] != count:
            raise WorkError(f"of {count:,} metrics {answer['stored']:,} were stored")
        return answer

    def calls(self, count: int) -> dict[str, Any]:
        """Log so many metrics and return what one call takes."""
        return self._answer("calls", count, self._folder())

    def survivors(self, count: int) -> int:
        """Let a process be killed after so many calls, and return how many metrics can be read back."""
        folder = self._folder()
        done = self._run("die", count, folder)
        if done.returncode != -signal.SIGKILL:
            raise WorkError(f"before it was to be killed it ended with {done.returncode}: {_last(done.stderr)}")
        # Helper processes may live on for a moment, and write.
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            stored = int(self._answer("recover", 0, folder)["stored"])
            if stored >= count or time.monotonic() > deadline:
                return stored
            time.sleep(1)

    def _folder(self) -> Path:
        return Path(mkdtemp(dir=self.scratch, prefix=f"{self.peer.adapter}-"))

    def _answer(self, task: str, count: int, folder: Path) -> dict[str, Any]:
        done = self._run(task, count, folder)
        if done.returncode:
            raise WorkError(f"{task} ended with {done.returncode}: {_last(done.stderr)}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def _run(self, task: str, count: int, folder: Path) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), "-I", str(_DRIVE), str(self.peer.script), task, str(count), str(folder)]
        try:
            with (folder / f"{task}.stderr").open("w+", encoding="utf-8") as errors:
                # To a file, since a helper process that lives on would keep a pipe open.
                done = subprocess.run(
                    command,
                    cwd=folder,
                    env=_environment(folder) | self.settings,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if task != "die" else subprocess.DEVNULL,
                    stderr=errors,
                    text=True,
                    timeout=_TIMEOUT,
                    check=False,
                )
                errors.seek(0)
                done.stderr = errors.read()
        except subprocess.TimeoutExpired as exc:
            raise WorkError(f"{task} of {count:,} metrics did not end within {_TIMEOUT:.0f} s") from exc
        return done


def imported(python: Path, statement: str, folder: Path) -> float:
    """Return the seconds of an interpreter that runs one statement."""
    start = time.perf_counter()
    subprocess.run(
        [str(python), "-I", "-c", statement],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT,
        check=True,
    )
    return time.perf_counter() - start


@contextmanager
def local_server(tora: Peer, python: Path, scratch: Path) -> Iterator[dict[str, str]]:
    """Let a first client start the local server, and give the variables by which clients find it.

    TORA_DIR and TORA_PORT are for today's Tora, which looks for its local server and its key; TORA_BASE_URL and
    TORA_API_KEY are for 0.0.12.
    """
    data = scratch / "tora-data"
    settings = {"TORA_DIR": str(data), "TORA_PORT": str(free_port())}
    try:
        Bench(tora, python, scratch, settings).calls(1)
        found = rendezvous.read(data)
        if found is None:
            raise WorkError("the local server did not say where it is")
        yield {**settings, "TORA_BASE_URL": found.url, "TORA_API_KEY": rendezvous.local_key(data) or ""}
    finally:
        stop_local(data)


def _environment(folder: Path) -> dict[str, str]:
    nowhere = "http://127.0.0.1:9"  # the port of nobody: what would phone home is refused at once
    local = "127.0.0.1,localhost"
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        **{name: nowhere for word in ("http", "https", "all") for name in (f"{word}_proxy", f"{word}_proxy".upper())},
        **dict.fromkeys(("no_proxy", "NO_PROXY"), local),
    }


def _last(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"

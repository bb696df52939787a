"""A logging process and its parent's side of the talk."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from attrs import define

from tests.support.serving import clean_environment

__all__ = ["Child", "Kind", "logging_process", "tora_sync"]

Kind = Literal["sync", "async"]


@define
class Child:
    """A process of `benchmarks.faults.logger`.

    Attributes:
        experiment: The experiment that it logs to.
        log: What it has said on standard error.
    """

    process: subprocess.Popen[str]
    experiment: str
    log: Path
    _told: int

    def begin(self, word: str, *arguments: object) -> None:
        """Tell it what to do."""
        assert self.process.stdin is not None  # noqa: S101  # it is a pipe
        self.process.stdin.write(json.dumps([word, *arguments]) + "\n")
        self.process.stdin.flush()

    def end(self) -> Any:
        """Wait until it is done and return its answer."""
        assert self.process.stdout is not None  # noqa: S101  # it is a pipe
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the logging process ended with {self.process.wait()}:\n{self.said()}")
        return json.loads(line)

    def do(self, word: str, *arguments: object) -> Any:
        """Tell it what to do, wait, and return its answer."""
        self.begin(word, *arguments)
        return self.end()

    def die(self, count: int, rate: float) -> int:
        """Let it log and be killed straight after; return how many of the calls had returned."""
        self.begin("log_and_die", count, rate)
        self.process.wait(count / rate + 120)
        return len(os.read(self._told, count + 1))

    def said(self) -> str:
        """Return what it has said on standard error."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def logging_process(
    url: str,
    folder: Path,
    *,
    kind: Kind = "sync",
    max_buffer_len: int = 25,
    first: float = 0.0,
    experiment: str = "",
    told_bytes: int = 2**16,
) -> Iterator[Child]:
    """Start a process that logs to a server, with a data folder of its own; it is killed at the end of the block."""
    reading, writing = os.pipe()
    if told_bytes > 2**16:
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, told_bytes)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.parent / f"{folder.name}.{first:.0f}.stderr"
    words = (kind, url, str(max_buffer_len), str(first), str(writing), experiment)
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults.logger", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(folder),
            pass_fds=[writing],
            text=True,
        )
    os.close(writing)
    try:
        child = Child(process, "", log, reading)
        child.experiment = child.end()["experiment"]
        yield child
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def tora_sync(folder: Path, *, key: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real `tora sync` over a data folder."""
    settings = {} if key is None else {"TORA_API_KEY": key}
    return subprocess.run(
        [sys.executable, "-m", "tora", "sync"],
        env=_environment(folder) | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _environment(folder: Path) -> dict[str, str]:
    paths = [
        str(Path(__file__).resolve().parents[2]),
        *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)),
    ]
    return clean_environment(TORA_DIR=str(folder), PYTHONPATH=os.pathsep.join(paths))

"""Scripts in processes of their own: how they end, what they say, and what they leave behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from attrs import define, frozen
from typer.testing import CliRunner

from tests.support.http import data, summaries
from tests.support.serving import Server, clean_environment
from tora.cli import app

__all__ = ["Ended", "Program", "journals", "program", "run", "silent", "status", "stored", "sync", "writers"]

LIMIT = 60.0  # seconds that a program may take; one that hangs fails by it

# Noise of these kinds would be Tora's. From 3.12 on Python warns of every fork beside threads, which some tests make.
STRICT = ("-W", "error::ResourceWarning", "-W", "error::RuntimeWarning", "-W", "ignore::DeprecationWarning")


@frozen
class Ended:
    """How a program ended.

    Attributes:
        code: The exit code, below zero for the signal that ended it.
        seconds: How long it took from the last word to it, or its start.
    """

    code: int
    out: str
    err: str
    seconds: float


@define
class Program:
    """A running program, which says a word at a time and is told when to go on."""

    process: subprocess.Popen[str]
    began: float

    def heard(self) -> str:
        """Return the next line that it prints, as it prints it; it waits for a line where it calls ``input()``."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the program ended: {self.wait()}")
        return line.rstrip("\n")

    def tell(self, line: str = "") -> None:
        """Give it a line to read."""
        assert self.process.stdin is not None
        self.began = time.monotonic()
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.began = time.monotonic()
        self.process.send_signal(number)

    def wait(self) -> Ended:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=LIMIT)
        return Ended(self.process.returncode, out, err, time.monotonic() - self.began)


@contextmanager
def program(script: str | Path, folder: Path, **settings: str) -> Iterator[Program]:
    """Run a script, or a file, whose data folder is ``folder``; it is gone at the end of the block."""
    source = [str(script)] if isinstance(script, Path) else ["-c", textwrap.dedent(script)]
    with subprocess.Popen(
        [sys.executable, *STRICT, *source],
        env=clean_environment(TORA_DIR=str(folder), TORA_SILENT="1", **settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Program(process, time.monotonic())
        finally:
            process.kill()


def run(script: str | Path, folder: Path, **settings: str) -> Ended:
    """Run a script to its end."""
    with program(script, folder, **settings) as running:
        return running.wait()


@contextmanager
def silent(server: Server) -> Iterator[None]:
    """Stop a server in the midst of whatever it does: it takes connections and answers nothing."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def sync(folder: Path, **settings: str) -> Ended:
    """Run ``tora sync`` over a data folder; in this process, which has loaded all that it takes."""
    began = time.monotonic()
    # In a thread of its own: a coroutine may ask, and the command runs a loop.
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(CliRunner().invoke, app, ["sync"], env={"TORA_DIR": str(folder), **settings}).result()
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ended(done.exit_code, done.stdout, done.stderr, time.monotonic() - began)


def journals(folder: Path) -> list[Path]:
    """Return the journals in a data folder."""
    return sorted((folder / "journal").glob("*.jsonl"))


def stored(url: str, experiment: str, key: str | None = None) -> dict[str, int]:
    """Return how many points the server has of each metric."""
    return {name: found["count"] for name, found in summaries(url, experiment, key).items()}


def status(url: str, experiment: str) -> str:
    """Return an experiment's status."""
    return str(data(f"{url}/experiments/{experiment}")["status"])


def writers(url: str, experiment: str) -> dict[str, str]:
    """Return the status of each writer of an experiment."""
    found = data(f"{url}/experiments/{experiment}/writers")
    return {each["writer"]: each["status"] for each in found}

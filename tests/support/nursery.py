"""Servers that are forked from a process that has loaded what a server takes: loading is most of a start.

Each is a process of its own, which reads its command line and opens its folder as any other does. Where it is asked how
a server starts, what it costs, or what of it is covered, the interpreter is started as usual.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import define, field

__all__ = ["Forked", "can_fork", "fork"]

# Tests limit these for the processes that they start.
_LIMITS: Final = (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)
_LOADED: Final = (
    *("tora.cli", "tora.server.run", "tora.server.front", "tora.server.app", "tora.server.catalog.migrate"),
    *("tora.server.metrics.duckdb", "alembic.command", "alembic.runtime.migration", "sqlalchemy.dialects.sqlite"),
    *("aiosqlite", "sqlalchemy.dialects.sqlite.aiosqlite", "numpy", "duckdb"),
)


@define
class Forked:
    """A process that another one forked; it can be asked and told what a ``subprocess.Popen`` can."""

    pid: int
    args: Sequence[str]
    returncode: int | None = None
    _pidfd: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._pidfd = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """Return the exit code, None for a process that runs."""
        if self.returncode is None:
            self.returncode = _nursery().ask({"ended": self.pid})
            if self.returncode is not None:
                os.close(self._pidfd)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code.

        Raises:
            subprocess.TimeoutExpired: It did not end in time.
        """
        if self.returncode is None:
            select.select([self._pidfd], [], [], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def can_fork() -> bool:
    """Return whether a test runs, and on a system on which its servers can be forked; benchmarks have none that are."""
    return "PYTEST_VERSION" in os.environ and hasattr(os, "pidfd_open") and "COVERAGE_PROCESS_CONFIG" not in os.environ


def fork(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
    """Run ``tora`` with arguments and an environment in a new process, whose output is added to a file."""
    limits = [resource.getrlimit(limit) for limit in _LIMITS]
    order = {"run": ["tora", *arguments], "env": dict(environment), "log": str(log), "cwd": str(Path.cwd())}
    return Forked(_nursery().ask(order | {"limits": limits}), arguments)


class _Nursery:
    """The process that forks, and the way to ask it."""

    def __init__(self) -> None:
        # As a file, since a module would need the right current folder; -P, since beside it stands another `http`.
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._turn = threading.Lock()
        atexit.register(self._end)

    def ask(self, order: Mapping[str, Any]) -> Any:
        """Give an order and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            if answer := self._process.stdout.readline():
                return json.loads(answer)
        raise AssertionError("the process that forks servers has ended; what it said stands above")

    def _end(self) -> None:
        self._process.communicate()


@cache
def _nursery() -> _Nursery:
    return _Nursery()


def _serve() -> None:
    """Load what servers take, and do what is asked for until nobody is there to ask."""
    for name in _LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            pid, status = os.waitpid(order["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif not (answer := os.fork()):
            _become(order)
            return
        print(json.dumps(answer), flush=True)  # noqa: T201  # the answer
    os._exit(0)  # what is frozen would be called a leak


def _become(order: Mapping[str, Any]) -> None:
    """Be what was asked for, to the end."""
    output = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for limit, values in zip(_LIMITS, order["limits"], strict=True):
        resource.setrlimit(limit, tuple(values))
    sys.argv = order["run"]
    from tora.cli import main

    main()


if __name__ == "__main__":
    _serve()

"""A server whose event loop is watched: ``python -m benchmarks.probed FILE server ...`` writes what it saw to FILE."""

from __future__ import annotations

import json
import resource
import sys
import time
from asyncio.events import Handle
from pathlib import Path

from tora.cli import main as tora

LONG = 0.0002


class Probe:
    """Notes the callbacks that held the event loop for longer than a fifth of a millisecond.

    One that was interrupted in favour of another process is told apart: that is the machine's doing.
    """

    def __init__(self) -> None:
        self.held: list[tuple[float, float, bool, str]] = []

    def watch(self) -> None:
        """Time every callback of every loop of this process."""
        run = Handle._run  # noqa: SLF001  # the one place that every callback passes

        def timed(handle: Handle) -> None:
            before, start = _preemptions(), time.perf_counter()
            run(handle)
            seconds = time.perf_counter() - start
            if seconds > LONG:
                self.held.append((time.time(), seconds, _preemptions() != before, _name(handle)))

        Handle._run = timed  # type: ignore[method-assign, assignment]  # noqa: SLF001

    def write(self, file: Path) -> None:
        """Write, of each such callback, when it ended, its seconds, whether it was interrupted, and what it was."""
        file.write_text(json.dumps(self.held), encoding="utf-8")


def _name(handle: Handle) -> str:
    # Not repr(), which would spell out the batches that the callback carries, and take longer than it.
    callback = getattr(handle, "_callback", None)
    return getattr(callback, "__qualname__", type(callback).__name__)


def _preemptions() -> int:
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def main() -> None:
    """Be ``tora`` with the rest of the command line."""
    file = Path(sys.argv.pop(1))
    probe = Probe()
    probe.watch()
    try:
        tora()
    finally:
        probe.write(file)


if __name__ == "__main__":
    main()

"""Engines of others as processes of a test's own: how they start, what they said, and that they are gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.support.polling import until
from tests.support.serving import UNMEASURED

__all__ = ["ANSWERS_WITHIN", "begin", "end"]

ANSWERS_WITHIN: Final = 60.0
_ENDS_WITHIN: Final = 10.0

# An engine does not outlive a test process that is killed.
_MORTAL: Final = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


def begin(
    name: str, command: Sequence[str], log: Path, answers: Callable[[], bool], *, user: int | None = None
) -> subprocess.Popen[bytes]:
    """Start an engine and return once it answers; whoever started it ends it.

    Args:
        name: What errors call it.
        command: The program and its arguments.
        log: The file that takes what it prints.
        answers: Whether it answers.
        user: The id of the user to run it as; None for this process's own.

    Raises:
        AssertionError: It ended, or did not answer in time; the message has what it printed.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_MORTAL, *command],
            cwd=Path(__file__).parents[2],
            env=os.environ | UNMEASURED | {"LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            extra_groups=None if user is None else [],
        )
    try:
        until(lambda: _ended(process, name) or answers(), f"answer from {name}", within=ANSWERS_WITHIN)
    except AssertionError as exc:
        end(process, signal.SIGKILL)
        raise AssertionError(f"{exc}\n{log.read_text(encoding='utf-8', errors='replace')[-5000:]}") from exc
    except BaseException:
        end(process, signal.SIGKILL)
        raise
    return process


def end(process: subprocess.Popen[bytes], sign: signal.Signals = signal.SIGTERM) -> None:
    """End an engine; its data are thrown away, so one that takes its time is killed."""
    if process.poll() is None:
        process.send_signal(sign)
    try:
        process.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_ENDS_WITHIN)


def _ended(process: subprocess.Popen[bytes], name: str) -> bool:
    if (code := process.poll()) is not None:
        raise AssertionError(f"{name} ended with {code}")
    return False

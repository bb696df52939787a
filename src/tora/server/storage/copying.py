"""A copy of a file that a database of this process has open."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["CopyError", "copy_open_file"]


class CopyError(Exception):
    """The copy could not be made; the message holds the system's words."""


def copy_open_file(source: Path, target: Path) -> None:
    """Copy a file, by a process of its own.

    Whoever closes a file gives up all locks that the process has on it (POSIX), and the database's own
    are among them: so this process must not open it. `cp` shares the blocks where the file system can.

    Raises:
        CopyError: It cannot be read, or there is no room.
    """
    # Signals as they are here: a limit of size ends as an error that says so, not as a killed process.
    done = subprocess.run(  # noqa: S603  # two paths of our own
        ["cp", "--", str(source), str(target)],  # noqa: S607  # every system has it
        env={"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        restore_signals=False,
    )
    if done.returncode:
        raise CopyError(done.stderr.decode("utf-8", "replace").strip() or f"cp ended with {done.returncode}")

"""What must be noted when a run begins, since it is another one, or gone, when it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Final

from attrs import frozen

__all__ = ["Beginning"]

NOTEBOOK: Final = "JPY_SESSION_NAME"  # Jupyter says there which notebook a kernel is for


@frozen
class Beginning:
    """Where and when a run began.

    Attributes:
        at: Unix seconds.
        directory: The working directory; empty where it was removed.
        script: The file that was started; None for a program that somebody typed.
    """

    at: float
    directory: str
    script: str | None

    @classmethod
    def now(cls) -> Beginning:
        """Return the beginning of a run that begins now."""
        directory = ""
        with contextlib.suppress(OSError):
            directory = os.getcwd()  # noqa: PTH109  # a string is all that is wanted
        return cls(time.time(), directory, _script(directory))


def _script(directory: str) -> str | None:
    if session := os.environ.get(NOTEBOOK):
        return session
    if hasattr(sys, "ps1") or "ipykernel" in sys.modules:
        return None
    # The interpreter takes this name away before it calls what is registered for its end.
    found = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.join(directory, found) if isinstance(found, str) else None  # noqa: PTH118  # as above

"""Why a move ends before it is done."""

from __future__ import annotations

__all__ = ["DifferenceError", "MoveError", "TargetTakenError"]


class MoveError(Exception):
    """It cannot be done, or not go on; the message says what is wrong, and what to do."""


class TargetTakenError(MoveError):
    """The target holds something else."""


class DifferenceError(MoveError):
    """What is in the target is not what was read from the source."""

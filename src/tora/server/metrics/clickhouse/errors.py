"""The engine's errors in the store's words."""

from __future__ import annotations

import re
from typing import Final

from tora.server.metrics.base import StoreError, StoreFullError

__all__ = ["NobodyThereError", "from_answer", "unreachable"]

_CODE: Final = re.compile(r"Code: (\d+)")
_FULL: Final = ("No space left", "not enough space", "Disk quota exceeded")
_SHOWN: Final = 400
_NO_MACRO: Final = "set the macros {shard} and {replica} on each host, or take replicated=1 away"
_ADVICE: Final = {
    81: "create the database, or let this user create it",
    164: "let this user write",
    192: "check the user and the password of --metrics",
    193: "check the user and the password of --metrics",
    194: "check the user and the password of --metrics",
    516: "check the user and the password of --metrics",
    497: "let this user create, alter, read and write tables in that database, and read the system tables",
    170: "check cluster=NAME of --metrics: the engine has no such cluster",
    225: "replicated tables need ZooKeeper, or ClickHouse Keeper: configure it, or take replicated=1 away",
    242: "the tables take no changes: see whether ZooKeeper, or ClickHouse Keeper, can be reached",
    241: "give it more memory, or ask for less at once",
    252: "it merges more slowly than points come: give it faster disks or more shards; clients send this again",
    159: "ask for less at once, or give it more cores",
}


class NobodyThereError(StoreError):
    """A host is up and has no engine: nothing that an engine on it was to do is still being done."""


def from_answer(where: str, text: str) -> StoreError:
    """Return what an answer other than success means.

    Args:
        where: The store, without a password.
        text: The body.
    """
    said = " ".join(text.split())[:_SHOWN]
    if any(sign in text for sign in _FULL):
        return StoreFullError(f"{where} cannot grow: {said}; make room on its disks")
    found = _CODE.search(text)
    advice = _ADVICE.get(int(found[1])) if found else None
    if "No macro" in text:  # which has no code of its own
        advice = _NO_MACRO
    return StoreError(f"{where} refused: {said}" + (f"; {advice}" if advice else ""))


def unreachable(where: str, exc: BaseException) -> StoreError:
    """Return what it means that no answer came."""
    said = str(exc) or type(exc).__name__
    kind = NobodyThereError if isinstance(getattr(exc, "os_error", exc), ConnectionRefusedError) else StoreError
    return kind(f"{where} does not answer: {said}; see whether it runs, and whether --metrics names it rightly")

"""What one look found."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

__all__ = ["Check", "State", "fine", "odd", "wrong"]

State: TypeAlias = Literal["fine", "odd", "wrong"]


@frozen
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        state: ``wrong`` needs to be mended; ``odd`` may be meant so.
        found: How it is.
        advice: What to do; empty where all is well.
    """

    name: str
    state: State
    found: str
    advice: str = ""


def fine(name: str, found: str) -> Check:
    """Return a check that found nothing to mend."""
    return Check(name, "fine", found)


def odd(name: str, found: str, advice: str) -> Check:
    """Return a check that found something to know."""
    return Check(name, "odd", found, advice)


def wrong(name: str, found: str, advice: str) -> Check:
    """Return a check that found something to mend."""
    return Check(name, "wrong", found, advice)

"""Which loops are Tora's own, and how to get a living one in their place after a fork."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

__all__ = ["Revive", "home_of", "settle"]

Revive = Callable[[], asyncio.AbstractEventLoop]
"""Return the running loop of the private thread, started where there is none; a function of a module, since
it travels with pickled clients."""

_homes: WeakKeyDictionary[asyncio.AbstractEventLoop, Revive] = WeakKeyDictionary()


def settle(loop: asyncio.AbstractEventLoop, revive: Revive) -> None:
    """Say that a loop runs on Tora's private thread, and how to revive that thread."""
    _homes[loop] = revive


def home_of(loop: asyncio.AbstractEventLoop) -> Revive | None:
    """Return how to revive a private loop; None for a loop that belongs to the user."""
    return _homes.get(loop)

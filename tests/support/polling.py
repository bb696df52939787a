"""Waiting for a condition without a fixed sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, *, within: float = 30.0, every: float = 0.02) -> T:
    """Return the first true value of a condition; fail when there is none in time."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"within {within:g} s there was no {what}; last seen: {value!r}")
        time.sleep(every)
    return value


async def aio_until(condition: Callable[[], T], what: str, *, within: float = 30.0, every: float = 0.02) -> T:
    """Return the first true value of a condition while the event loop goes on; fail when there is none in time."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"within {within:g} s there was no {what}; last seen: {value!r}")
        await asyncio.sleep(every)
    return value

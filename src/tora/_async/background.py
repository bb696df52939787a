"""Tasks that may end with their loop, however it ends: the journal has what they would have sent."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final

__all__ = ["start"]

_running: Final[set[asyncio.Task[None]]] = set()  # asyncio itself keeps only weak references


def start(work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
    """Start a task of the running loop."""
    _running.difference_update([task for task in list(_running) if task.get_loop().is_closed()])
    task = asyncio.get_running_loop().create_task(work, name=name)
    # A loop that is closed with tasks in it takes them along, and asyncio would tell people that they were destroyed.
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001  # there is no public word for it
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task

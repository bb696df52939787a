"""Turns of writing: one group of an experiment's points after the other, whichever server of several brings it.

An engine without transactions cannot look at what is there and add to it in one step. So whoever writes to an
experiment has its turn first, and what is not sure at the end of a turn is the next one's to find out.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from attrs import Factory, define, frozen

__all__ = ["LocalTurns", "Turn", "Turns"]


@frozen
class Turn:
    """What a server may write now.

    Attributes:
        tick: The number of the group; larger than that of any earlier group of these experiments (over all servers:
            one sequence).
        stale: Experiments that may have changed since this server's last turn with them: what it remembers of them is
            to be loaded anew.
        unsettled: Numbers of earlier groups of these experiments whose end nobody noted (their server died): the engine
            may still be carrying them out, and must be seen to have ended with them before anything is loaded.
    """

    tick: int
    stale: frozenset[str] = frozenset()
    unsettled: frozenset[int] = frozenset()


class Turns(ABC):
    """Who writes to which experiment, and which numbers the groups have."""

    @abstractmethod
    def take(self, experiments: Collection[str]) -> AbstractAsyncContextManager[Turn]:
        """Wait until nobody else writes to these experiments, and keep it so for as long as the block lasts.

        Leaving the block without an exception notes that the group has ended; after an exception its number is
        among the `unsettled` of the next turns with these experiments, until one of them ends well.

        Raises:
            StoreError: There is no turn to be had; or, at the end of the block, the turn was lost meanwhile, so
                that another server may have forbidden the engine to carry out the group.
        """

    @abstractmethod
    async def newest(self) -> int:
        """Return the number of the newest group of all."""

    @abstractmethod
    async def start_after(self, tick: int) -> None:
        """Give no group a number up to this one, which the engine has seen already."""


@define
class _Queue:
    """Who waits for one experiment.

    Attributes:
        wanted: How many hold the lock or wait for it.
    """

    lock: asyncio.Lock = Factory(asyncio.Lock)
    wanted: int = 0


class LocalTurns(Turns):
    """The turns of one process that writes alone: nothing is stale but what failed in it."""

    def __init__(self) -> None:
        self._newest = 0
        self._queues: dict[str, _Queue] = {}
        self._open: defaultdict[str, set[int]] = defaultdict(set)

    @asynccontextmanager
    async def take(self, experiments: Collection[str]) -> AsyncIterator[Turn]:
        """Wait until nothing else of this process writes to these experiments, and keep it so."""
        wanted = sorted(set(experiments))  # in one order for all, so that no two wait for each other
        async with AsyncExitStack() as stack:
            for experiment in wanted:
                await stack.enter_async_context(self._alone(experiment))
            self._newest += 1
            tick = self._newest
            failed = frozenset(experiment for experiment in wanted if experiment in self._open)
            unsettled = frozenset[int]().union(*(self._open[experiment] for experiment in failed))
            for experiment in wanted:
                self._open[experiment].add(tick)
            yield Turn(tick, failed, unsettled)
            for experiment in wanted:
                del self._open[experiment]

    async def newest(self) -> int:
        """Return the number of the newest group of all."""
        return self._newest

    async def start_after(self, tick: int) -> None:
        """Give no group a number up to this one."""
        self._newest = max(self._newest, tick)

    @asynccontextmanager
    async def _alone(self, experiment: str) -> AsyncIterator[None]:
        queue = self._queues.setdefault(experiment, _Queue())
        queue.wanted += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.wanted -= 1
            if not queue.wanted:
                del self._queues[experiment]

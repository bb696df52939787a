"""How sync code calls Tora's coroutines: `RUNNER.run(func, ...)` runs them on one private loop.

This module imports nothing heavy, so that ``import tora`` stays cheap; asyncio comes with the first call.

What it cannot do: start during the interpreter's shutdown. Some versions of Python (3.12 is one)
start no thread then, so an ``atexit`` callback can rely on the loop only if something used it
before; else `Runner.run` may raise `ToraError`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from tora.forks import no_fork

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from tora._sync.loop import LoopThread

__all__ = ["RUNNER", "Runner", "private_loop"]

P = ParamSpec("P")
T = TypeVar("T")


class Runner:
    """One event loop in a daemon thread of its own, started by the first call.

    Calls may come from any thread, from inside another running loop, from signal handlers and from
    ``atexit`` callbacks. After a fork the child starts a loop of its own with its first call.
    """

    def __init__(self) -> None:
        self._thread: LoopThread | None = None
        self._inherited: list[LoopThread] = []
        if hasattr(os, "register_at_fork"):  # where there is no fork there is no hook for it
            os.register_at_fork(after_in_child=self._begin_anew)

    @property
    def is_running(self) -> bool:
        """Whether this process has started the loop; if not, nothing can be waiting on it."""
        return self._thread is not None

    @property
    def loop(self) -> AbstractEventLoop:
        """The running loop, started if need be.

        Raises:
            ToraError: It cannot be started.
        """
        return self._running().loop

    def run(self, func: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a coroutine function on the loop and return its result.

        Blocks until it is done. Whatever ends the wait early, such as Ctrl-C, cancels the call and
        is raised at once, even if the loop is stuck. Under ``TORA_MODE=disabled`` there is nothing to
        wait for, and no thread is started.

        Raises:
            ToraError: This is the loop's own thread, which would wait for itself, or the loop cannot
                start because the interpreter is shutting down.
        """
        if self._thread is None and _is_disabled():
            for result in _immediate(partial(func, *args, **kwargs)):
                return result
        return self._running().run(partial(func, *args, **kwargs))

    def run_within(self, seconds: float, func: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do as `run`, but wait at most so many seconds, even if the loop is stuck; then cancel the call.

        Raises:
            ToraTimeoutError: The time is over.
            ToraError: As for `run`.
        """
        return self._running().run(partial(func, *args, **kwargs), seconds)

    def iterate(self, func: Callable[P, AsyncIterator[T]], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        """Return an iterator over an asynchronous one; each trip to the loop brings all items that are ready.

        An iterator that is given up needs no closing: asyncio closes its source by itself.
        """
        with no_fork:
            from tora._sync.pages import Pages

        pages = Pages(func(*args, **kwargs))
        while page := self.run(pages.fetch):
            yield from page

    def _running(self) -> LoopThread:
        return self._thread if self._thread is not None else self._start()

    def _start(self) -> LoopThread:
        with no_fork:  # one start at a time, and none that a child would inherit half done
            from tora._async.home import settle
            from tora._sync.loop import LoopThread

            if self._thread is not None:
                return self._thread
            started = LoopThread.start()
            settle(started.loop, private_loop)
            return self._publish(started)

    def _publish(self, started: LoopThread) -> LoopThread:
        # A signal handler may have run meanwhile, in this very thread and so past the lock; clients
        # may live on its loop by now, so the later one is left idle.
        if self._thread is None:
            self._thread = started
        return self._thread

    def _begin_anew(self) -> None:
        inherited, self._thread = self._thread, None
        if inherited is not None:
            inherited.disown()
            self._inherited.append(inherited)  # freeing it would report its tasks as destroyed


def _is_disabled() -> bool:
    with no_fork:
        from tora import config

    return config.load().mode == "disabled"


def _immediate(func: Callable[[], Awaitable[T]]) -> list[T]:
    """Return the result of a coroutine function that needs no loop; nothing where it needs one after all."""
    try:
        next(func().__await__())
    except StopIteration as done:
        return [done.value]
    except RuntimeError:  # there is no running loop: the client was opened before the mode was set
        pass
    return []


RUNNER: Final = Runner()
"""The process's one runner; every sync client lives on its loop."""


def private_loop() -> AbstractEventLoop:
    """Return the runner's loop; the name of this function is what a pickled sync client keeps of its loop."""
    return RUNNER.loop

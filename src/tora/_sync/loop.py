"""The private event loop's thread.

Written over asyncio and not over anyio's BlockingPortal, because handing a call to a portal waits,
without a limit, until its loop has taken it. With a stuck loop a drain at exit would not be bounded,
and an interrupted call could not be cancelled, since there is no handle to it yet. A portal's
futures also hold a lock for moments of the wait; a signal handler that runs in one of them and makes
a call of its own would deadlock with the loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import math
import os
import selectors
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, NoReturn, TypeVar, TypeVarTuple

from tora.errors import ToraError, ToraTimeoutError

__all__ = ["LoopThread"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PIECE: Final = 0.5  # seconds

_logger = logging.getLogger("tora")


class LoopThread:
    """An event loop that runs in a daemon thread for as long as the process lives.

    It is never stopped: a daemon thread does not delay the exit, and clients may call from
    ``atexit`` until the very end.

    Attributes:
        loop: The event loop.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.loop = _Loop(self._selector)
        self._thread = threading.Thread(target=self._serve, name="tora", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()  # asyncio itself keeps only weak references to tasks

    @classmethod
    def start(cls) -> LoopThread:
        """Start a loop.

        Raises:
            ToraError: The system or the interpreter starts no more threads.
        """
        new = cls()
        try:
            new._thread.start()
        except RuntimeError as exc:
            new.loop.close()
            raise ToraError(
                f"Tora cannot start its event loop thread: {exc}. If the interpreter is shutting down, "
                "make the first call to Tora earlier, before the script ends."
            ) from exc
        return new

    def run(self, func: Callable[[], Awaitable[T]], seconds: float | None = None) -> T:
        """Call a coroutine function on the loop and return its result; None waits without a limit.

        Raises:
            ToraTimeoutError: The time is over.
            ToraError: This is the loop's own thread.
        """
        if threading.get_ident() == self._thread.ident:
            raise ToraError(
                "a blocking call was made on Tora's own event loop thread, which would wait for itself forever; "
                "use AsyncTora or tora.aio there, or make the call in a thread of its own"
            )
        call = _Call(func)
        try:
            self.loop.call_soon_threadsafe(self._begin, call)
            in_time = call.wait(seconds)
        except BaseException:  # Ctrl-C, or what a signal handler raised
            self._cancel(call)
            raise
        if not in_time:
            self._cancel(call)
            raise ToraTimeoutError(f"Tora's event loop did not finish the call within {seconds:g} s")
        return call.result()

    def disown(self) -> None:
        """Cut a forked child's copy of the loop off from the parent's.

        The child inherits the sockets and the epoll instance of a loop that it does not run. What
        it closed there, if only by freeing an object, would end the parent's connections or
        unregister them; with each descriptor led to the null device it reaches nothing.
        """
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (*(key.fd for key in self._selector.get_map().values()), self._selector.fileno()):
            os.dup2(null, descriptor, inheritable=False)
        os.close(null)

    def _serve(self) -> NoReturn:
        while True:
            # asyncio lets these two alone leave the loop, to end the program. Here they came out of
            # a callback; the loop goes on, since clients depend on it.
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                _logger.exception("a callback on Tora's event loop tried to end it")

    def _begin(self, call: _Call[Any]) -> None:
        task = call.begin(self.loop)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cancel(self, call: _Call[Any]) -> None:
        # Not waited for: a stuck loop must not hold back the exception that is on its way.
        self.loop.call_soon_threadsafe(call.cancel)


class _Call(Generic[T]):
    """One call: begun and ended on the loop, waited for by the thread that made it."""

    def __init__(self, func: Callable[[], Awaitable[T]]) -> None:
        self._func = func
        self._task: asyncio.Task[None] | None = None
        self._value: list[T] = []
        self._error: BaseException | None = None
        # Free once the call has ended. A bare lock, because neither side holds anything while it waits:
        # a signal handler that interrupts the wait can make calls of its own.
        self._ended = threading.Lock()
        self._ended.acquire()

    def begin(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        self._task = loop.create_task(self._serve())
        return self._task

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def wait(self, seconds: float | None) -> bool:
        # In pieces: a signal that comes in the instant before a wait, or to another thread, does not
        # interrupt it, and its handler runs at the end of the piece.
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        while not self._ended.acquire(timeout=max(0.0, min(PIECE, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                return False
        return True

    def result(self) -> T:
        if self._error is None:
            return self._value[0]
        error, self._error = self._error, None
        try:
            if isinstance(error, asyncio.CancelledError):
                # Sync code does not know this exception, and `except Exception` would let it pass.
                raise ToraError("the call was cancelled on Tora's event loop") from error
            raise error
        finally:
            del error  # or it would refer to itself through this frame

    async def _serve(self) -> None:
        try:
            self._value.append(await self._func())
        except BaseException as exc:  # noqa: BLE001  (SystemExit too belongs to the caller, not to the loop)
            self._error = exc
        finally:
            self._ended.release()


class _Loop(asyncio.SelectorEventLoop):
    """asyncio's loop, except that blocking work, such as looking up a name, never delays the exit."""

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Run a function in a daemon thread of its own when no executor is given.

        The threads of asyncio's default executor are joined at exit, however long they take.
        """
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        threading.Thread(target=_work, args=(future, func, args), name="tora-worker", daemon=True).start()
        return asyncio.wrap_future(future, loop=self)


def _work(future: concurrent.futures.Future[T], func: Callable[[*Ts], T], args: tuple[*Ts]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(func(*args))
    except BaseException as exc:  # noqa: BLE001  (it is raised where the future is awaited)
        future.set_exception(exc)

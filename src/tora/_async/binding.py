"""Which loop delivers for a client: the one that opened it, and where that is gone the next one it meets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVarTuple, Unpack

import anyio

from tora._async.home import Revive, home_of
from tora.errors import ToraError

if TYPE_CHECKING:
    from tora._async.delivery import Delivery
    from tora._async.http import Api

__all__ = ["Binding"]

Ts = TypeVarTuple("Ts")

GRACE: Final = 2.0  # seconds beyond a call's own limit, for a loop that is busy


class Binding:
    """The tie of one writer to a loop, and to the task in it that delivers.

    Args:
        api: The calls to the server; None where there is none, and so nothing to deliver.
        start: Starts to deliver by such calls, in the running loop.
        home: How to get a loop where none is running; None leaves that to the user.

    Attributes:
        delivery: The task that delivers; None until there is one.
        near: A loop of the user's to deliver in, where it runs when there is something to deliver.
    """

    def __init__(self, api: Api | None, start: Callable[[Api], Delivery], home: Revive | None) -> None:
        self.api = api
        self.home = home
        self.delivery: Delivery | None = None
        self.near: asyncio.AbstractEventLoop | None = None
        self._start = start
        # Two who deliver at once would count acknowledgements twice. Re-entrant, since a signal handler may log.
        self._lock = threading.RLock()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop; None until there is one."""
        return None if self.delivery is None else self.delivery.loop

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let a task of this running loop deliver from now on."""
        with self._lock:
            if self.api is None or self._is_served(loop):
                return
            if self.delivery is not None and self.delivery.loop is not loop:
                self.delivery.abandon()
                self.api = self.api.anew()  # the former task closes its own
            self.home = home_of(loop) or self.home
            self.delivery = self._start(self.api)

    def wake(self) -> bool:
        """Let the delivery look at the buffer, from any thread; False where no loop can be found for it."""
        delivery = self.delivery
        if delivery is not None and delivery.is_alive:
            try:
                delivery.loop.call_soon_threadsafe(delivery.wake)
            except RuntimeError:  # the loop was closed just now
                pass
            else:
                return True
        return self.api is None or self._find_a_loop()

    def _find_a_loop(self) -> bool:
        try:
            loop = self.near if self.home is None else self.home()
            if loop is not None and (self.home is not None or loop.is_running()):
                loop.call_soon_threadsafe(self.bind, loop)
            else:
                self.bind(asyncio.get_running_loop())
        except (RuntimeError, ToraError):
            return False
        return True

    async def run(self, seconds: float, func: Callable[[Unpack[Ts]], Awaitable[object]], *args: *Ts) -> None:
        """Run a part of the client on its loop; one that is gone is replaced by this one. Without a server, do nothing.

        Args:
            seconds: How long to wait, and a little longer, for another loop, which may be stuck.
            func: A coroutine function.
            args: Its arguments.
        """
        if self.api is None:
            return
        here = asyncio.get_running_loop()
        self.bind(here)
        if self.delivery is None or self.delivery.loop is here:
            await func(*args)
            return
        with anyio.move_on_after(seconds + GRACE):
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_coroutine(func, *args), self.delivery.loop))

    def set_threshold(self, threshold: int) -> None:
        """Tell the delivery at how many waiting metrics it sends them at once."""
        if self.delivery is not None and self.delivery.is_alive:
            self.delivery.loop.call_soon_threadsafe(self.delivery.set_threshold, threshold)

    def _is_served(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether a task delivers in this loop, or in another one that runs."""
        delivery = self.delivery
        return delivery is not None and not delivery.task.done() and (delivery.loop is loop or delivery.is_alive)


async def _coroutine(func: Callable[[Unpack[Ts]], Awaitable[Any]], *args: *Ts) -> None:
    await func(*args)

"""The end of the process, and the beginning of a forked one: every open client is told."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Final, Protocol
from weakref import WeakSet

from tora.forks import no_fork
from tora.models import Stats
from tora.types import Status

__all__ = ["Client", "end_on_sigterm", "outcome", "register", "renew_after_fork", "unregister"]

GRACE: Final = 2.0  # seconds beyond the clients' own limit, for a loop that is busy
MOMENT: Final = 0.001  # seconds


class Client(Protocol):
    """What is told of the end and of a fork."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that the client belongs to."""

    @property
    def limit(self) -> float:
        """How many seconds its end may take."""

    @property
    def is_entered(self) -> bool:
        """Whether this very thread is inside one of the client's plain calls."""

    async def end(self, status: Status, seconds: float) -> Stats:
        """Deliver what waits, say how it ended, and close."""

    def let_go(self, status: Status) -> None:
        """Close where it was not closed yet, without delivering what waits."""

    def begin_anew(self) -> None:
        """Become a new writer in a forked child."""

    def reopen(self) -> None:
        """Become a new writer, for what is logged after the end."""


# Strong references: a client that nobody holds any more may still have metrics to send.
_open: Final[set[Client]] = set()
# A forked child renews closed clients too, so that none keeps a descriptor of the parent's.
_alive: Final[WeakSet[Client]] = WeakSet()
_watching: Final = threading.Event()


def register(client: Client) -> None:
    """Take care of a client's end from now on."""
    if not _watching.is_set():
        _watching.set()
        atexit.register(_at_exit)
        _watch_a_worker_process()
    _open.add(client)


def unregister(client: Client) -> None:
    """Let go of a client that has ended."""
    _open.discard(client)


def renew_after_fork(client: Client) -> None:
    """Let a client become a new writer in the processes that are forked from now on."""
    _alive.add(client)


def _watch_a_worker_process() -> None:
    # The processes of multiprocessing leave by os._exit, which calls nothing of atexit's.
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        with no_fork:
            from multiprocessing.util import Finalize

        Finalize(None, _at_exit, exitpriority=0)


def outcome(exc: BaseException | None) -> Status:
    """Return how a run ended that was left by an exception, or by none."""
    if exc is None or (isinstance(exc, SystemExit) and exc.code in {None, 0}):
        return "finished"
    return "stopped" if isinstance(exc, (KeyboardInterrupt, asyncio.CancelledError)) else "failed"


def _at_exit() -> None:
    clients = list(_open)
    _end(clients, outcome(_what_ended_the_script()))
    # Other exit handlers and finalizers may log still; the next client, or `tora sync`, sends that.
    for client in clients:
        client.reopen()


def _what_ended_the_script() -> BaseException | None:
    if hasattr(sys, "ps1") or "ipykernel" in sys.modules:
        return None  # somebody typed the script, and the last error ended nothing
    # A worker process is still leaving by its exception; of a script's the interpreter keeps a note.
    return sys.exc_info()[1] or getattr(sys, "last_value", None)


def _end(clients: list[Client], status: Status) -> None:
    with contextlib.suppress(KeyboardInterrupt):  # the second Ctrl-C of somebody who wants out now
        _deliver(clients, status)
    for client in clients:
        client.let_go(status)


def _deliver(clients: list[Client], status: Status) -> None:
    """End clients all at once, so that it takes as long as the slowest, not as their sum."""
    here = _running_loop()
    ends: list[concurrent.futures.Future[Stats]] = []
    stranded: list[Client] = []
    for client in clients:
        loop = client.loop
        if loop is None or not loop.is_running():
            stranded.append(client)
        elif loop is not here:  # the loop that this very call interrupts cannot be waited for
            ends.append(asyncio.run_coroutine_threadsafe(client.end(status, client.limit), loop))
    if stranded and here is None:
        asyncio.run(_end_here(stranded, status))
    # Those that are not done in time are on a loop that is stuck; the journal has it all.
    concurrent.futures.wait(ends, max((client.limit for client in clients), default=0.0) + GRACE)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _end_here(clients: list[Client], status: Status) -> None:
    await asyncio.gather(*(client.end(status, client.limit) for client in clients))


def _begin_anew() -> None:
    _open.clear()
    _watching.clear()
    for client in list(_alive):
        client.begin_anew()


os.register_at_fork(after_in_child=_begin_anew)


def end_on_sigterm() -> None:
    """End all clients at SIGTERM, where this is the main thread and nobody else handles the signal."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    del frame
    if any(client.is_entered for client in _open):
        # It came in the midst of log(), which owns what the ends wait for: let log() return first.
        again = threading.Timer(MOMENT, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
        return
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    _end(list(_open), "stopped")
    os.kill(os.getpid(), number)  # so that the parent sees what ended the process

"""One server process, from the lock on its folder to the last commit."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from typing import Final

from attrs import evolve

from tora import rendezvous
from tora._version import __version__
from tora.server import logbook
from tora.server.listening import listen, listen_inside, url_of
from tora.server.logbook import LOG
from tora.server.options import Options
from tora.server.ownership import owned, usable
from tora.server.security import is_open

__all__ = ["StartError", "serve"]

NICE: Final = 10
FILES: Final = 16_384
SWITCH: Final = (
    0.001  # seconds that the event loop waits for a thread that computes; Python's own 5 ms add up over several
)


ONE_WISH: Final = 0.5
"""Seconds in which several signals are one: a terminal and a program in between pass on the same Ctrl-C."""


class StartError(Exception):
    """A store or the certificate cannot be opened; the message says which, why, and what to do."""


def serve(options: Options) -> None:
    """Serve until a signal comes, or until nobody needs a local server any more.

    Raises:
        FolderError: The data folder cannot be used or written, or another server owns it.
        ListenError: The port is taken, or the address is not this machine's.
        StartError: A store, or the certificate, cannot be opened.
    """
    os.umask(0o077)
    if options.local:
        os.nice(NICE)  # training keeps its cores
    _allow_files()
    sys.setswitchinterval(SWITCH)
    with owned(options.dir) as key, logbook.writing(options):
        asyncio.run(_serve(options, listen(options), listen_inside(options), key))


def _allow_files() -> None:
    """Allow more open files than the usual 1,024: idle connections alone may be as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(options: Options, sockets: Sequence[socket.socket], inside: socket.socket | None, key: str) -> None:
    # Imported here because it takes longer than all the rest: a server that finds its folder owned,
    # or its port taken, has said so by now.
    from tora.server.catalog import CatalogError
    from tora.server.front import Front
    from tora.server.metrics.base import StoreError
    from tora.server.stores import left_behind
    from tora.server.tls import TlsError

    stop = asyncio.Event()
    _listen_for_signals(stop)
    async with contextlib.AsyncExitStack() as stack:
        try:
            front = await stack.enter_async_context(Front(options, sockets, key, inside))
        except (CatalogError, StoreError, TlsError) as exc:
            raise StartError(str(exc)) from exc
        url = url_of(options, sockets[0].getsockname()[1])
        stack.enter_context(_long_lived())
        try:
            if said := await front.instructions(url):
                # Not to the log, which is kept: the link in it lets in whoever reads it first.
                print(said, flush=True)  # noqa: T201  # the operator's terminal
        except CatalogError as exc:  # a full disk, as it may be: what is stored can be read all the same
            LOG.warning("no link could be made for the first administrator, who has no password yet: %s", exc)
        with usable(options.dir):
            rendezvous.write(options.dir, _info(options, inside or sockets[0]))
        LOG.info("Tora %s answers at %s, its data is in %s", __version__, url, options.dir)
        for file in left_behind(options):
            LOG.warning("%s is not used, since the options name another place; `tora migrate` brings it there", file)
        if is_open(options):
            LOG.warning(
                "keys and passwords cross the network in plain HTTP: use --tls-cert and --tls-key, or a proxy with "
                "TLS and --trust-proxy"
            )
        await _until_end(stop, front.until_idle(options.idle) if options.local else None)
        # Before anything else: nobody is to be sent to a server that ends.
        rendezvous.remove(options.dir)
        LOG.info("ending: storing what was accepted")
    LOG.info("ended")


def _listen_for_signals(stop: asyncio.Event) -> None:
    """End in good order at the first signal, and at once at a later one: what was acknowledged is stored anyway."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def first() -> None:
        if not stop.is_set():
            stop.set()
            loop.call_later(ONE_WISH, give_way)

    def give_way() -> None:
        for each in signals:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for each in signals:
        loop.add_signal_handler(each, first)


@contextlib.contextmanager
def _long_lived() -> Iterator[None]:
    """Keep the collector from walking all that is loaded by now, again and again, while requests wait."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _info(options: Options, nearest: socket.socket) -> rendezvous.ServerInfo:
    port = nearest.getsockname()[1]
    return rendezvous.ServerInfo(
        # What is found here is for the same machine, which needs no TLS.
        url=url_of(options if options.tls is None else evolve(options, host="127.0.0.1", tls=None), port),
        host=socket.gethostname(),
        pid=os.getpid(),
        port=port,
        version=__version__,
        started=time.time(),
    )


async def _until_end(stop: asyncio.Event, idle: Coroutine[None, None, None] | None) -> None:
    ends = [asyncio.create_task(each) for each in (stop.wait(), idle) if each is not None]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for each in ends:
        each.cancel()

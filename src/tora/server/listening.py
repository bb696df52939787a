"""Where a server listens: its sockets, and the port that its printed URLs stay true on."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tora.server.options import Options

__all__ = ["BACKLOG", "ListenError", "listen", "listen_inside", "url_of"]

BACKLOG: Final = 1024
"""Hundreds of writers may connect in the same instant; whoever finds the line full tries again after a second."""

WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # names of it; nothing binds here


class ListenError(Exception):
    """The server cannot listen where it was told to."""


def listen(options: Options) -> list[socket.socket]:
    """Return listening sockets, all on one port.

    A local server goes where it last was, then to the wished port, then to any free one. Another
    server takes the wished port or none.

    Raises:
        ListenError: The port is taken, or the address is not this machine's.
    """
    *first, last = _ports(options)
    for port in first:
        with suppress(ListenError):
            return _remembered(options, _bound(options.host, port))
    return _remembered(options, _bound(options.host, last))


def listen_inside(options: Options) -> socket.socket | None:
    """Return where a server that speaks TLS listens for commands on its own machine; None for others.

    They know it by no name that its certificate is for: this is plain HTTP, on the loopback interface alone.

    Raises:
        ListenError: It has no loopback interface.
    """
    return None if options.tls is None else _bound("127.0.0.1", 0)[0]


def url_of(options: Options, port: int) -> str:
    """Return the address of a server for people."""
    host = "127.0.0.1" if options.host in WILDCARDS else options.host
    scheme = "http" if options.tls is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _ports(options: Options) -> Iterator[int]:
    if options.local:
        wished, used = _last(options.dir)
        if wished == options.port:
            yield used
        if options.port:
            yield options.port
        yield 0
    else:
        yield options.port


def _last(folder: Path) -> tuple[int | None, int]:
    """Return the port that was wished last time and the one that was used then."""
    with suppress(OSError, ValueError):
        wished, used = map(int, (folder / "port").read_text("ascii").split())
        if 0 <= wished < 65536 and 0 < used < 65536:
            return wished, used
    return None, 0


def _remembered(options: Options, sockets: list[socket.socket]) -> list[socket.socket]:
    if options.local:
        with suppress(OSError):  # another port next time, and no reason not to start
            (options.dir / "port").write_text(f"{options.port} {sockets[0].getsockname()[1]}\n", "ascii")
    return sockets


def _bound(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host):
            # Of port 0 the first address finds a free one, which the others then share.
            number = sockets[0].getsockname()[1] if sockets else port
            sockets.append(socket.create_server((address, number), family=family, backlog=BACKLOG))
    except OSError as exc:
        for made in sockets:
            made.close()
        raise ListenError(
            f"cannot listen on {host or '*'} port {port}: {exc.strerror or exc}; "
            "choose another with --host and --port (--port 0 takes any free one)"
        ) from exc
    return sockets


def _addresses(host: str) -> Sequence[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in found))

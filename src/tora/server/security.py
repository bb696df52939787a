"""What keeps other people's web pages out of a server that trusts its own machine.

A page of any site can make the browser send requests to 127.0.0.1. The exact Host check stops names
that were made to point here (DNS rebinding); the Origin check stops changes that other pages ask
for, and what browsers say of where a request comes from stops the rest; no answer carries a CORS header.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from tora.server.listening import WILDCARDS
from tora.server.options import Options
from tora.server.refusals import Refusal
from tora.server.requestid import HEADER, REQUEST_ID

__all__ = ["allowed_hosts", "guarded_against_other_sites", "is_open", "set_headers"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "tora",
}

_OURS: Final = frozenset({"none", "same-origin"})
"""What browsers call requests of our own pages, and of people who typed an address."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def allowed_hosts(options: Options, port: int, inside: int | None = None) -> frozenset[str]:
    """Return the values of the Host header that mean this server."""
    names = {"127.0.0.1", "localhost", "[::1]", *([] if options.host in WILDCARDS else [_bracketed(options.host)])}
    if options.host in WILDCARDS:
        names.add(socket.gethostname())
    hosts = {f"{name}:{port}" for name in names}
    for name in options.allow_hosts:
        # Behind a proxy the name comes without our port, or with the proxy's own.
        hosts |= {name, f"{name}:{port}"}
    if inside is not None:
        hosts.add(f"127.0.0.1:{inside}")
    if port == (80 if options.tls is None else 443):
        hosts |= names
    return frozenset(host.lower() for host in hosts)


def guarded_against_other_sites(
    hosts: frozenset[str], *, wildcard: bool
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return a middleware that refuses what did not mean this server or comes from another site's page.

    Args:
        hosts: What `allowed_hosts` returned.
        wildcard: The server listens on all addresses: the one that a request arrived at is allowed too.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "").lower()
        if host not in hosts and not (wildcard and host == _arrived_at(request)):
            raise Refusal(
                421,
                "wrong_host",
                f"this server is not {host!r}; start it with --allow-host NAME if it is to answer to that name",
            )
        if request.method not in _READING:
            _check_origin(request, host)
        else:
            _check_reader(request)
        return await handler(request)

    return middleware


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set the security headers on any answer before it starts, and the request's id."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")  # what a key opens is for nobody's cache
    response.headers[HEADER] = request[REQUEST_ID]


def is_open(options: Options) -> bool:
    """Return whether a server can be reached from elsewhere by nothing better than plain HTTP."""
    if options.tls is not None or options.proxy.trusted or options.host == "localhost":
        return False
    try:
        return options.host in WILDCARDS or not ipaddress.ip_address(options.host).is_loopback
    except ValueError:  # a name
        return True


def _check_origin(request: web.Request, host: str) -> None:
    origins = request.headers.getall("Origin", [])
    site = request.headers.get("Sec-Fetch-Site", "none")
    strange = [origin for origin in origins if urlsplit(origin).netloc.lower() != host]
    if strange or site not in _OURS:
        raise Refusal(
            403,
            "wrong_origin",
            f"a page of {strange[0] if strange else 'another site'} may not change anything on this server",
        )


def _check_reader(request: web.Request) -> None:
    """Refuse what a page of another site loads by itself; people follow links from wherever they like."""
    if request.headers.get("Sec-Fetch-Site", "none") in _OURS:
        return
    mode, destination = request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest", "document")
    if mode != "navigate" or destination != "document":
        raise Refusal(403, "wrong_origin", "a page of another site may not load anything of this server")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _arrived_at(request: web.Request) -> str | None:
    """Return the request's own address here; a name can be made to point anywhere, an address cannot."""
    address = request.transport and request.transport.get_extra_info("sockname")
    if not address:
        return None
    ip = ipaddress.ip_address(address[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return f"{_bracketed(str(mapped or ip))}:{address[1]}"

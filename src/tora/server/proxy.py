"""The proxy in front, where there is one: what it says of a request counts only if it is one that we trust."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from aiohttp import web
from attrs import frozen

__all__ = ["Network", "Proxy"]

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@frozen
class Proxy:
    """Proxies that may speak for their callers.

    Attributes:
        trusted: The addresses that they connect from.
        user_header: The header in which they name the user who signed in with them; None for no such thing.
    """

    trusted: Sequence[Network] = ()
    user_header: str | None = None

    def address(self, request: web.BaseRequest) -> str:
        """Return the address that a request came from: the last one before our own proxies."""
        address = request.remote or ""
        if not self.trusts(address):
            return address
        named = [one.strip() for each in request.headers.getall("X-Forwarded-For", []) for one in each.split(",")]
        for one in reversed(named):
            if not _is_address(one):
                return address
            address = one
            if not self.trusts(one):
                return one
        return address

    def is_in_front_of(self, request: web.BaseRequest) -> bool:
        """Return whether a trusted proxy sent a request."""
        return self.trusts(request.remote or "")

    def origin(self, request: web.BaseRequest) -> str:
        """Return what stands for one sender: the address, or the network of an IPv6 one, of which each has 2^64."""
        address = self.address(request)
        if not _is_address(address):
            return address
        ip = _unmapped(address)
        return str(ip) if isinstance(ip, ipaddress.IPv4Address) else f"{ip.exploded[:19]}::/64"

    def is_secure(self, request: web.BaseRequest) -> bool:
        """Return whether the caller speaks TLS, with us or with the proxy."""
        return self.scheme(request) == "https"

    def scheme(self, request: web.BaseRequest) -> str:
        """Return ``http`` or ``https``, as the caller sees it."""
        said = request.headers.get("X-Forwarded-Proto", "").lower()
        if said in {"http", "https"} and self.trusts(request.remote or ""):
            return said
        return request.scheme

    def user_of(self, request: web.BaseRequest) -> str | None:
        """Return the name of the user whom a trusted proxy has let in; None where it names none."""
        if self.user_header is None or not self.trusts(request.remote or ""):
            return None
        named = request.headers.getall(self.user_header, [])
        # Where there are two, one may be the caller's own, and nobody knows which.
        return named[0].strip() or None if len(named) == 1 else None

    def trusts(self, address: str) -> bool:
        """Return whether one of our proxies has that address."""
        if not self.trusted or not _is_address(address):
            return False
        ip = _unmapped(address)
        return any(ip in network for network in self.trusted)


def _unmapped(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

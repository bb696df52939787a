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
        if not self._trusts(address):
            return address
        named = [one.strip() for each in request.headers.getall("X-Forwarded-For", []) for one in each.split(",")]
        for one in reversed(named):
            if not _is_address(one):
                return address
            address = one
            if not self._trusts(one):
                return one
        return address

    def is_secure(self, request: web.BaseRequest) -> bool:
        """Return whether the caller speaks TLS, with us or with the proxy."""
        return self.scheme(request) == "https"

    def scheme(self, request: web.BaseRequest) -> str:
        """Return ``http`` or ``https``, as the caller sees it."""
        said = request.headers.get("X-Forwarded-Proto", "").lower()
        if said in {"http", "https"} and self._trusts(request.remote or ""):
            return said
        return request.scheme

    def user_of(self, request: web.BaseRequest) -> str | None:
        """Return the name of the user whom a trusted proxy has let in; None where it names none."""
        if self.user_header is None or not self._trusts(request.remote or ""):
            return None
        return request.headers.get(self.user_header, "").strip() or None

    def _trusts(self, address: str) -> bool:
        if not self.trusted or not _is_address(address):
            return False
        ip = ipaddress.ip_address(address)
        mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
        return any((mapped or ip) in network for network in self.trusted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

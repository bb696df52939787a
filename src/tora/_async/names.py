"""What host names stood for when they were last looked up, remembered for as long as the process lives.

The interpreter's exit starts no thread, and so looks up no name any more; and a lookup that hangs
would hold an exit that must be bounded.
"""

from __future__ import annotations

import socket
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

__all__ = ["Names", "forget"]

_known: Final[dict[str, dict[tuple[int, int], list[ResolveResult]]]] = {}


def forget(host: str) -> None:
    """Look a name up anew the next time: the server may have moved."""
    _known.pop(host, None)


class Names(AbstractResolver):
    """A resolver that looks each name up once."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            OSError: There are none, or none can be looked up any more.
        """
        of_host = _known.setdefault(host, {})
        if found := of_host.get((port, family)):
            return found
        try:
            found = await self._system.resolve(host, port, family)
        except RuntimeError as exc:
            raise OSError(f"no name can be looked up at the interpreter's exit: {exc}") from exc
        of_host[port, family] = found
        return found

    async def close(self) -> None:
        """Do nothing; what is known stays."""

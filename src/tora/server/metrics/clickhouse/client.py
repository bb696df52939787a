"""Statements to the engine over HTTP, and columns back.

Columns come and go as `RowBinary`, rows of fixed width that numpy reads where they lie: no Python object a point.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import aiohttp
import msgspec
import numpy as np

from tora.server.metrics.base import StoreError
from tora.server.metrics.clickhouse.address import Address
from tora.server.metrics.clickhouse.errors import from_answer, unreachable

__all__ = ["Client"]

T = TypeVar("T")

_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, sock_connect=5)
_REST: Final = 10.0
"""Seconds for which a host that could not be reached is asked last."""

_SETTINGS: Final = {"wait_end_of_query": "1"}  # an error in the middle of an answer is an error, not a shorter answer
_AS_NUMBERS: Final = {"output_format_json_quote_64bit_integers": "0"}
# A question may name ten thousand experiments.
_LONG: Final = 100_000
_LONG_SETTINGS: Final = {
    "max_query_size": str(64 * 1024 * 1024),
    "max_ast_elements": "10000000",
    "max_expanded_ast_elements": "10000000",
}
# Only where there is a cluster: points are acknowledged when they are on their shard, a join or an IN looks at the
# shard's own rows, which belong together, and the first replica is asked while it lives.
_CLUSTER_SETTINGS: Final = {
    "insert_distributed_sync": "1",
    "distributed_product_mode": "local",
    "load_balancing": "in_order",
}


class Client:
    """The hosts of one address, in a session of one event loop."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._settings = dict(_SETTINGS)
        if address.cluster is not None:
            self._settings |= _CLUSTER_SETTINGS
        if address.quorum > 1:
            self._settings["insert_quorum"] = str(address.quorum)
        self._headers = {"X-ClickHouse-User": address.user}
        if address.password:
            self._headers["X-ClickHouse-Key"] = address.password
        self._session: aiohttp.ClientSession | None = None
        # Any host of a cluster knows all; of replicas all servers are to ask the same one, which lacks nothing.
        first = random.randrange(len(address.hosts)) if address.cluster else 0  # noqa: S311  # shares the work out
        self._hosts = address.hosts[first:] + address.hosts[:first]
        self._down: dict[str, float] = {}

    async def open(self) -> None:
        """Be ready to ask."""
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, headers=self._headers, trust_env=False)

    async def close(self) -> None:
        """Leave all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def execute(
        self,
        statement: str,
        body: bytes = b"",
        *,
        host: str | None = None,
        query_id: str | None = None,
        database: str | None = None,
    ) -> None:
        """Let the engine do something, once: what may have been done is not tried again.

        Args:
            statement: SQL.
            body: The data that it takes.
            host: The host that is to do it; None for any.
            query_id: What `system.processes` calls it meanwhile.
            database: Where, if not in the address's, which may not be there yet.

        Raises:
            StoreFullError: A disk is full.
            StoreError: The engine refused, or nobody knows whether it did it.
        """
        given = {"query_id": query_id, "database": database}
        more = {name: value for name, value in given.items() if value is not None}
        await self._ask(statement, body, [host] if host else self._order(), more, again=False)

    async def columns(self, statement: str, shape: np.dtype[np.void], *, host: str | None = None) -> np.ndarray:
        """Return the rows of a question as an array of that shape, each field the column in its place.

        Raises:
            StoreError: The engine refused, or no host answers.
        """
        hosts = [host] if host else self._order()
        answer = await self._ask(f"{statement}\nFORMAT RowBinary", b"", hosts, {}, again=True)
        if len(answer) % shape.itemsize:
            raise StoreError(f"{self.address} answered {len(answer)} bytes, which are no rows; see its log")
        return np.frombuffer(answer, shape)

    async def records(
        self, statement: str, row: type[T], *, host: str | None = None, database: str | None = None
    ) -> list[T]:
        """Return the rows of a question that has texts.

        Args:
            statement: SQL.
            row: A tuple's type, column by column.
            host: The host that is to be asked; None for any.
            database: Where, if not in the address's, which may not be there yet.

        Raises:
            StoreError: The engine refused, or no host answers.
        """
        hosts = [host] if host else self._order()
        more = _AS_NUMBERS | ({} if database is None else {"database": database})
        answer = await self._ask(f"{statement}\nFORMAT JSONCompact", b"", hosts, more, again=True)
        data = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])["data"]
        found: list[T] = msgspec.json.decode(data, type=list[row])  # type: ignore[valid-type]
        return found

    def _order(self) -> Sequence[str]:
        now = time.monotonic()
        return sorted(self._hosts, key=lambda host: now - self._down.get(host, -_REST) < _REST)

    async def _ask(
        self, statement: str, body: bytes, hosts: Sequence[str], more: Mapping[str, str], *, again: bool
    ) -> bytes:
        """Ask one host after the other: those that cannot be reached, and with `again` those that broke off."""
        for place, host in enumerate(hosts):
            try:
                return await self._ask_one(host, statement, body, more)
            except aiohttp.ClientConnectorError as exc:  # the statement has not left
                failed: Exception = exc
                tried_all = place + 1 == len(hosts)
            except (TimeoutError, aiohttp.ClientError, OSError) as exc:
                failed = exc
                tried_all = not again or place + 1 == len(hosts)
            self._down[host] = time.monotonic()
            if tried_all:
                raise unreachable(f"ClickHouse at {host}", failed) from failed
        raise AssertionError("an address has a host")

    async def _ask_one(self, host: str, statement: str, body: bytes, more: Mapping[str, str]) -> bytes:
        if self._session is None:
            raise StoreError(f"{self.address} is closed")
        parameters = {"database": self.address.database, **self._settings, **more}
        if len(statement) > _LONG:
            parameters |= _LONG_SETTINGS
        if body:
            parameters["query"] = statement
            # Until 2019 the engine could not read `ended` with two threads on the shard that is its own host.
            parameters["max_threads"] = "1"
        async with self._session.post(
            self.address.url(host), params=parameters, data=io.BytesIO(body or statement.encode())
        ) as answer:
            content = await answer.read()
            if answer.status != 200:
                raise from_answer(f"ClickHouse at {host}", content.decode(errors="replace"))
            return content

"""The calls of a server that the settings name: JSON in, what stands under ``data`` out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import ClientResponse

from tora import wire
from tora._async.http import Answer, Api, Endpoint, read, refusal
from tora._async.opening import endpoint_of, reviver
from tora.config import Settings
from tora.errors import ToraAPIError, ToraError

__all__ = ["Query", "Refused", "Remote", "connected", "data_of", "path_of"]

Query: TypeAlias = Mapping[str, "str | float | list[str] | None"]
"""The part of an address behind the question mark; what is None or an empty list is left out."""

Refused: TypeAlias = Callable[[Answer], ToraError]
"""Makes an error of an answer other than 2xx."""


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


class Remote:
    """A server's calls.

    Args:
        api: The connection.
        refused: What a refusal is raised as.
    """

    def __init__(self, api: Api, refused: Refused = refusal) -> None:
        self._api = api
        self._refused = refused

    @property
    def url(self) -> str:
        """The server's address."""
        return self._api.endpoint.url

    @property
    def key(self) -> str | None:
        """What the server knows us by."""
        return self._api.endpoint.key

    async def get(self, path: str, query: Query | None = None, shape: Any = Any) -> Any:
        """Return what a GET answers, as a record of that shape.

        Raises:
            ToraError: It could not be asked, refused, or answered something else.
        """
        return data_of(await self._good("GET", path + _query(query)), shape)

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Make a call that changes something; otherwise as `get`."""
        return data_of(await self._good(method, path, None if body is None else wire.encode(body)))

    async def answer(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return an answer whatever its status."""
        return await self._api.call(method, path, body)

    async def _good(self, method: str, path: str, body: bytes | None = None) -> Answer:
        answer = await self.answer(method, path, body)
        if not answer.ok:
            raise self._refused(answer)
        return answer

    @asynccontextmanager
    async def stream(
        self, path: str, query: Query | None = None, *, headers: Mapping[str, str] | None = None, silence: float
    ) -> AsyncIterator[ClientResponse]:
        """Yield an answer that is read piece by piece.

        Args:
            path: What is asked for.
            query: Its query.
            headers: Further ones.
            silence: Seconds in which something must arrive.

        Raises:
            ToraError: It could not be asked, refused, or the connection broke while it was read.
        """
        async with self._api.stream("GET", path + _query(query), headers or {}, silence) as response:
            if response.status != 200:
                raise self._refused(await read(f"GET {self.url}{path}", response))
            yield response

    async def revive(self) -> None:
        """Start the local server again where it is gone; does nothing for other servers."""
        await self._api.revive()


@asynccontextmanager
async def connected(
    settings: Settings, endpoint: Endpoint | None = None, refused: Refused = refusal
) -> AsyncIterator[Remote]:
    """Yield the server of the settings, the local one started if need be, or the one given."""
    revive = reviver(settings) if endpoint is None else None
    api = Api(endpoint or await endpoint_of(settings), revive=revive)
    try:
        yield Remote(api, refused)
    finally:
        await api.close()


def path_of(experiment_id: str) -> str:
    """Return the path of an experiment."""
    return f"/experiments/{quote(experiment_id, safe='')}"


def data_of(answer: Answer, shape: Any = Any) -> Any:
    """Return what stands under ``data`` of an answer, as a record of that shape.

    Raises:
        ToraAPIError: It is something else.
    """
    try:
        return msgspec.json.decode(msgspec.json.decode(answer.body, type=_Envelope).data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise ToraAPIError(
            f"{answer.call} answered {answer.status} with a body that the protocol does not promise: {exc}. "
            "Is that the address of a Tora server?",
            status=answer.status,
        ) from exc


def _query(query: Query | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None and value != []}
    return f"?{urlencode(given, doseq=True)}" if given else ""

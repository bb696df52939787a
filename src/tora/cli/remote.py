"""The server that the settings name, as commands ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import msgspec

from tora import config, wire
from tora.cli.words import reported
from tora.errors import ToraAPIError, ToraAuthenticationError, ToraError, ToraExperimentError, ToraValidationError

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tora._async.http import Answer, Api, Endpoint
    from tora.config import Settings

__all__ = ["Query", "Remote", "connected", "run"]

T = TypeVar("T")

Query = Mapping[str, "str | int | list[str] | None"]


class Remote:
    """A server's calls: JSON in, what stands under ``data`` out, and refusals in the server's own words."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @property
    def url(self) -> str:
        """The server's address."""
        return self._api.endpoint.url

    @property
    def key(self) -> str | None:
        """What the server knows us by."""
        return self._api.endpoint.key

    async def get(self, path: str, query: Query | None = None) -> Any:
        """Return what a GET answers.

        Raises:
            ToraError: It could not be asked, or refused.
        """
        return await self.call("GET", path + _query(query))

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Make a call that changes something; otherwise as `get`."""
        answer = await self.answer(method, path, None if body is None else wire.encode(body))
        if not answer.ok:
            raise refused(answer)
        return _data(answer)

    async def answer(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return an answer whatever its status."""
        return await self._api.call(method, path, body)

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
        from tora._async.http import read

        async with self._api.stream("GET", path + _query(query), headers or {}, silence) as response:
            if response.status != 200:
                raise refused(await read(f"GET {self.url}{path}", response))
            yield response

    async def revive(self) -> None:
        """Start the local server again where it is gone; does nothing for other servers."""
        await self._api.revive()


@asynccontextmanager
async def connected(settings: Settings, endpoint: Endpoint | None = None) -> AsyncIterator[Remote]:
    """Yield the server of the settings, the local one started if need be, or the one given."""
    from tora._async.http import Api
    from tora._async.opening import endpoint_of, reviver

    revive = reviver(settings) if endpoint is None else None
    api = Api(endpoint or await endpoint_of(settings), revive=revive)
    try:
        yield Remote(api)
    finally:
        await api.close()


def run(command: str, work: Callable[[Remote], Awaitable[T]]) -> T:
    """Do the work of a command with the settings' server, and say in one line what hinders it."""

    async def do(settings: Settings) -> T:
        async with connected(settings) as server:
            return await work(server)

    with reported(command):
        return asyncio.run(do(config.load()))


def refused(answer: Answer) -> ToraError:
    """Return the error that a refusal means, in the server's words where it is a Tora server."""
    code, message = wire.error_from_wire(answer.body)
    if code is None:
        from tora._async.http import refusal

        return refusal(answer)
    if answer.status == 401:
        return ToraAuthenticationError(f"{message} (or run `tora login`)")
    if answer.status == 403:
        return ToraAuthenticationError(message)
    if answer.status == 404:
        return ToraExperimentError(message)
    if answer.status == 400:
        return ToraValidationError(message)
    return ToraAPIError(message, status=answer.status, code=code)


def _query(query: Query | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None and value != []}
    return f"?{urlencode(given, doseq=True)}" if given else ""


def _data(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.body)["data"]
    except (msgspec.DecodeError, KeyError, TypeError) as exc:
        raise ToraAPIError(
            f"{answer.call} answered {answer.status} with a body that the protocol does not promise. "
            "Is that the address of a Tora server?",
            status=answer.status,
        ) from exc

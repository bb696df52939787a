"""The server that the settings name, as commands ask it, and its refusals in its own words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from tora import config, wire
from tora._async import remote
from tora._async.http import Answer, Endpoint, refusal
from tora._async.remote import Query, Remote
from tora.cli.words import reported
from tora.config import Settings
from tora.errors import ToraAPIError, ToraAuthenticationError, ToraError, ToraExperimentError, ToraValidationError

__all__ = ["Query", "Remote", "connected", "refused", "run"]

T = TypeVar("T")


def connected(settings: Settings, endpoint: Endpoint | None = None) -> AbstractAsyncContextManager[Remote]:
    """Give the server of the settings for a block, the local one started if need be, or the one given."""
    return remote.connected(settings, endpoint, refused)


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

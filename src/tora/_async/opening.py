"""How a client comes to its experiment: the server is found, or started, and asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from tora import rendezvous
from tora._async import adoption
from tora._async.home import home_of
from tora._async.http import Api, Endpoint
from tora._async.local import ensure_local_server
from tora._async.writer import Writer, new_id
from tora.config import Settings
from tora.errors import ToraAPIError, ToraNetworkError, ToraTimeoutError
from tora.models import Experiment

__all__ = ["attach", "create", "endpoint_of", "load", "reviver"]

ATTEMPTS: Final = 3


async def create(body: dict[str, Any], settings: Settings, threshold: int) -> Writer:
    """Create an experiment and return its owner, which delivers in this loop.

    Args:
        body: What the request says.
        settings: Which server.
        threshold: For the writer.

    Raises:
        ToraError: What went wrong.
    """
    return await _opened(lambda api: api.create_experiment(body), settings, threshold)


async def load(experiment: str, settings: Settings, threshold: int) -> Writer:
    """Load an experiment, which is running again, and return its new owner; otherwise as `create`."""

    async def take_over(api: Api) -> Experiment:
        found = await api.load_experiment(experiment)
        await api.take_over(experiment)
        return found

    return await _opened(take_over, settings, threshold)


async def _opened(ask: Callable[[Api], Awaitable[Experiment]], settings: Settings, threshold: int) -> Writer:
    writer = new_id()
    api = Api(await endpoint_of(settings), writer, reviver(settings))
    try:
        experiment = await _with_patience(api, ask)
    except BaseException:
        await api.close()
        raise
    opened = Writer(experiment, settings, threshold, id=writer, api=api)
    opened.bind()
    adoption.begin(settings.dir, api.endpoint)
    return opened


async def attach(experiment: str, settings: Settings, threshold: int, labels: Mapping[str, str]) -> Writer:
    """Return a worker of an experiment, which delivers in this loop from its first metric on; otherwise as `create`.

    One that logs nothing leaves no sign.
    """
    here = asyncio.get_running_loop()
    api = Api(await endpoint_of(settings), None, reviver(settings))
    try:
        found = await _with_patience(api, lambda api: api.load_experiment(experiment))
    finally:
        await api.close()
    adoption.begin(settings.dir, api.endpoint)
    writer = new_id()
    home = home_of(here)
    worker = Writer(
        found, settings, threshold, id=writer, api=api.anew(writer), home=home, is_owner=False, given=labels
    )
    worker.binding.near = here
    return worker


async def _with_patience(api: Api, ask: Callable[[Api], Awaitable[Experiment]]) -> Experiment:
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=0.1) + wait_random(0, 0.2),
        reraise=True,
    ):
        with attempt:
            if attempt.retry_state.attempt_number > 1:
                await api.revive()  # a local server may end by itself just when it is needed
            return await ask(api)
    raise AssertionError("the last attempt returns or raises")


def _may_pass(exc: BaseException) -> bool:
    if isinstance(exc, ToraAPIError):
        return exc.status is not None and (exc.status == 429 or exc.status >= 500)
    return isinstance(exc, ToraNetworkError) and not isinstance(exc, ToraTimeoutError)


async def endpoint_of(settings: Settings) -> Endpoint:
    """Return the server that the settings name; the local one is started if need be.

    Raises:
        ToraError: It cannot be started.
    """
    if settings.server_url is not None:
        return Endpoint(settings.server_url, settings.api_key)
    # Keys are for servers elsewhere; the local one knows its user by the key in the data folder.
    local = await ensure_local_server(settings)
    opener = None if local.api_key is None else rendezvous.opener(local.api_key)
    return Endpoint(local.url, local.api_key, local=True, opener=opener)


def reviver(settings: Settings, token: str | None = None) -> Callable[[], Awaitable[Endpoint]] | None:
    """Return what finds the local server again, None for servers elsewhere.

    Args:
        settings: Which server.
        token: The write token to use in place of the user's key.
    """
    if settings.server_url is not None:
        return None

    async def revive() -> Endpoint:
        endpoint = await endpoint_of(settings)
        return endpoint if token is None else endpoint.for_workers(token)

    return revive

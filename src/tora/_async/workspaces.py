"""Workspaces: what groups experiments."""

from __future__ import annotations

from typing import Any

from tora import config, validation
from tora.errors import ToraAuthenticationError, ToraConfigurationError
from tora.forks import no_fork

__all__ = ["create_workspace"]


async def create_workspace(
    name: str,
    description: str | None = None,
    api_key: str | None = None,
    server_url: str | None = None,
) -> dict[str, Any]:
    """Create a workspace to organise experiments in. Requires a key; on the local server Tora has its own.

    Args:
        name: 1 to 255 characters.
        description: At most 1,000 characters.
        api_key: The key for the server; default ``TORA_API_KEY``.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Returns:
        What the server says of the workspace: ``id``, ``name``, ``description`` and more.

    Raises:
        ToraAuthenticationError: There is no key, or the server does not take it.
        ToraValidationError: An argument is wrong.
        ToraTimeoutError: The server does not answer in time.
        ToraNetworkError: The server cannot be reached.
        ToraAPIError: The server answers something else than promised.
        ToraConfigurationError: A setting cannot be used, or there is no server (``TORA_MODE``).
    """
    with no_fork:
        from tora._async.http import Api
        from tora._async.opening import endpoint_of

    body = {"name": validation.workspace_name(name), "description": validation.workspace_description(description)}
    settings = config.load(api_key=api_key, server_url=server_url)
    if settings.mode != "online":
        raise ToraConfigurationError(f"a workspace cannot be created without a server, and TORA_MODE={settings.mode}")
    endpoint = await endpoint_of(settings)
    if endpoint.key is None:
        raise ToraAuthenticationError(
            f"creating a workspace on {endpoint.url} requires a key; set TORA_API_KEY or pass api_key"
        )
    api = Api(endpoint)
    try:
        return await api.create_workspace(body)
    finally:
        await api.close()

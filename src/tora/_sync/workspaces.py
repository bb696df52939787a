# Made by tools/sync.py from src/tora/_async/workspaces.py; edit that file, then run: python tools/sync.py
"""Workspaces: what groups experiments."""

from __future__ import annotations

from typing import Any

from tora._async import workspaces as source
from tora._sync.runner import RUNNER

__all__ = ["create_workspace"]


def create_workspace(
    name: str, description: str | None = None, api_key: str | None = None, server_url: str | None = None
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
    return RUNNER.run(source.create_workspace, name, description, api_key, server_url)

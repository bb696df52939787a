"""A data folder's server, asked by somebody on its machine who can read the folder.

Where it runs it is asked as it is; where it does not, one is run for the length of a command, so that there is
one way in which things are done: the server's own, with its checks and its audit log.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from tora import config
from tora.errors import ToraConfigurationError
from tora.server.storage.names import CATALOG_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from tora._async.http import Endpoint
    from tora.cli.remote import Remote

__all__ = ["server_of"]


@asynccontextmanager
async def server_of(folder: Path) -> AsyncIterator[tuple[Remote, bool]]:
    """Yield the server of a data folder with all rights, and whether it is one that goes on.

    Raises:
        ToraConfigurationError: There is no such folder, it cannot be used, or its server runs elsewhere.
    """
    from tora.cli.remote import connected

    async with AsyncExitStack() as stack:
        running = _running(folder)
        endpoint = running or await stack.enter_async_context(_for_now(folder))
        yield await stack.enter_async_context(connected(config.load(), endpoint)), running is not None


def _running(folder: Path) -> Endpoint | None:
    from tora.cli.backup import no_catalog, running

    try:
        is_data = (folder / CATALOG_FILE).exists() or not any(folder.iterdir())
    except OSError as exc:
        raise ToraConfigurationError(f"cannot use the data folder {folder}: {exc.strerror}; check --dir") from exc
    endpoint = running(folder)
    if endpoint is None and not is_data:  # a slip in the name must not fill somebody's folder with a server's files
        raise no_catalog(folder)
    return endpoint


@asynccontextmanager
async def _for_now(folder: Path) -> AsyncIterator[Endpoint]:
    """Run a server of the folder that only this process is told of."""
    from tora._async.http import Endpoint
    from tora.server.catalog import CatalogError
    from tora.server.front import Front
    from tora.server.listening import ListenError, listen, url_of
    from tora.server.metrics.base import StoreError
    from tora.server.options import Options
    from tora.server.ownership import FolderError, owned

    options = Options(dir=folder, host="127.0.0.1", port=0)
    os.umask(0o077)  # as the server's own: what it makes is for its user alone
    try:
        with owned(folder) as key:
            sockets = listen(options)
            async with Front(options, sockets, key):
                yield Endpoint(url_of(options, sockets[0].getsockname()[1]), key)
    except (CatalogError, FolderError, ListenError, StoreError) as exc:
        raise ToraConfigurationError(str(exc)) from exc

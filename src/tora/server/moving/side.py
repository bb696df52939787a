"""One end of a move: the stores of a server that does not run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from attrs import frozen

from tora.server.catalog import Catalog
from tora.server.catalog.address import postgres_url, shown
from tora.server.metrics.base import MetricsStore
from tora.server.moving.errors import MoveError
from tora.server.options import Options
from tora.server.ownership import owned
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE
from tora.server.stores import catalog_of, metrics_of, turns_of

__all__ = ["Side", "opened"]


@frozen
class Side:
    """Open stores.

    Attributes:
        shown: What to call them in messages.
    """

    shown: str
    catalog: Catalog
    metrics: MetricsStore


@asynccontextmanager
async def opened(options: Options, *, target: bool) -> AsyncIterator[Side]:
    """Open the stores that a server with these options would, for the length of the block.

    Where one of them is in the data folder, no server can have the folder meanwhile.

    Args:
        options: Those that say where the stores are; no other counts.
        target: Whether something is moved to here: stores are made where there are none.

    Raises:
        FolderError: A server has the folder, or it cannot be used.
        MoveError: There is nothing to be moved.
        CatalogError, StoreError: A store cannot be opened.
    """
    async with AsyncExitStack() as stack:
        if options.catalog is None or options.metrics is None:
            if not target:
                _check_folder(options)
            stack.enter_context(owned(options.dir))
        catalog = catalog_of(options)
        await catalog.open(unfinished=target)
        stack.push_async_callback(catalog.close)
        turns = await stack.enter_async_context(turns_of(options))
        metrics = await stack.enter_async_context(metrics_of(options, turns))
        yield Side(_name(options), catalog, metrics)


def _check_folder(options: Options) -> None:
    wanted = [name for name, url in ((CATALOG_FILE, options.catalog), (METRICS_FILE, options.metrics)) if url is None]
    for name in wanted:
        if not (options.dir / name).exists():
            raise MoveError(f"{options.dir} is no data folder of Tora: it holds no {name}; check --from")


def _name(options: Options) -> str:
    return str(options.dir) if options.catalog is None else shown(postgres_url(options.catalog))

"""Where a server keeps what: in its data folder, or in the engines that its options name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tora.server.catalog import Catalog
from tora.server.catalog.address import postgres_url
from tora.server.metrics.base import MetricsStore
from tora.server.metrics.turns import LocalTurns, Turns
from tora.server.options import Options
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE

__all__ = ["catalog_of", "left_behind", "metrics_of", "turns_of"]


@asynccontextmanager
async def turns_of(options: Options) -> AsyncIterator[Turns]:
    """Yield what orders the writing of points: between all servers of a catalog that several may share.

    Raises:
        CatalogError: Its address is none, or what PostgreSQL takes is not installed.
        StoreError: Its database cannot be asked.
    """
    if options.catalog is None or options.metrics is None:
        yield LocalTurns()
        return
    from tora.server.sharing.turns import PostgresTurns  # asyncpg, which a server alone does not need

    async with PostgresTurns(postgres_url(options.catalog)) as turns:
        yield turns


def catalog_of(options: Options) -> Catalog:
    """Return the catalog of a server, not opened yet.

    Raises:
        CatalogError: Its address is none, or what PostgreSQL takes is not installed.
    """
    if options.catalog is None:
        return Catalog.in_file(options.dir / CATALOG_FILE)
    return Catalog(postgres_url(options.catalog))


def metrics_of(options: Options, turns: Turns) -> MetricsStore:
    """Return the points of a server, not opened yet.

    Args:
        options: What the server was asked to do.
        turns: Who writes to which experiment, where others may write too.

    Raises:
        StoreError: Their address is none.
    """
    if options.metrics is None:
        from tora.server.metrics.duckdb import DuckDBMetrics  # each engine is loaded by those who have it

        return DuckDBMetrics(options.dir / METRICS_FILE)
    from tora.server.metrics.clickhouse import ClickHouseMetrics

    return ClickHouseMetrics(options.metrics, turns)


def left_behind(options: Options) -> list[Path]:
    """Return the files of the data folder that hold what this server does not show: it was told to look elsewhere."""
    elsewhere = ((CATALOG_FILE, options.catalog), (METRICS_FILE, options.metrics))
    return [path for name, url in elsewhere if url is not None and (path := options.dir / name).exists()]

"""Databases for catalogs in PostgreSQL: migrated once a test process, and emptied or copied for each test."""

from __future__ import annotations

import asyncio
from functools import cache

from tests.support.postgres import Postgres
from tora.server.catalog import Catalog
from tora.server.catalog.tables import metadata

__all__ = ["copied_database", "emptied_database"]


def emptied_database(postgres: Postgres) -> str:
    """Return the URL of a database whose tables are there and empty: always the same one, for one test at a time."""
    url = _migrated(postgres, "emptied")
    # Faster than TRUNCATE, which gives every table and index a new file.
    emptying = [str(table.delete()) for table in reversed(metadata.sorted_tables)]
    postgres.sql("; ".join(emptying), _name(url))
    return url


def copied_database(postgres: Postgres) -> str:
    """Return the URL of a new database whose tables are there and empty."""
    return postgres.new_database(template=_name(_migrated(postgres, "copied")))


@cache
def _migrated(postgres: Postgres, _purpose: str) -> str:
    url = postgres.new_database()
    asyncio.run(_opened(url))
    return url


async def _opened(url: str) -> None:
    async with Catalog(url):
        pass


def _name(url: str) -> str:
    return url.rpartition("/")[2]

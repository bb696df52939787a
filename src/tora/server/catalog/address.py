"""The addresses of catalogs: what is taken for one, and what is shown of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from tora.server.catalog.errors import CatalogError

__all__ = ["is_sqlite", "postgres_url", "shown", "sqlite_url"]

_SCHEMES: Final = frozenset({"postgresql+asyncpg", "postgresql", "postgres"})
_EXAMPLE: Final = "postgresql+asyncpg://USER:PASSWORD@HOST:5432/DATABASE"
# libpq's word for ssl is what people copy from their provider's page; none of these holds a secret.
_PARAMETERS: Final = frozenset({"host", "port", "ssl", "sslmode", "target_session_attrs"})


def sqlite_url(path: Path) -> sa.URL:
    """Return the address of a catalog in one file."""
    return sa.URL.create("sqlite+aiosqlite", database=str(path))


def postgres_url(text: str) -> sa.URL:
    """Return the address of a catalog in PostgreSQL.

    Raises:
        CatalogError: It is none; the message does not repeat it, since a password may be in it.
    """
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        raise CatalogError(
            f"the catalog's address cannot be read; it looks like {_EXAMPLE}, with %XX for what is special in it"
        ) from None
    if url.drivername not in _SCHEMES:
        raise CatalogError(
            f"the catalog's address begins with {url.drivername}://, but a catalog elsewhere than in the data folder "
            f"is in PostgreSQL: {_EXAMPLE}"
        )
    if unknown := sorted(url.query.keys() - _PARAMETERS):
        raise CatalogError(
            f"the catalog's address has the parameter {unknown[0]!r}; known are {', '.join(sorted(_PARAMETERS))}"
        )
    if not url.database:
        raise CatalogError(f"the catalog's address names no database; it looks like {_EXAMPLE}")
    query = {"ssl" if name == "sslmode" else name: value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def is_sqlite(url: sa.URL) -> bool:
    """Return whether a catalog is in a file, or in memory."""
    return url.get_backend_name() == "sqlite"


def shown(url: sa.URL) -> str:
    """Return the catalog's name for messages: the file, or the address without its password."""
    return str(url.database) if is_sqlite(url) else url.render_as_string(hide_password=True)

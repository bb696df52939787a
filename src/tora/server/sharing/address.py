"""How asyncpg is connected to the database that SQLAlchemy knows by its URL."""

from __future__ import annotations

from typing import Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

__all__ = ["ERRORS", "connect_arguments"]

ERRORS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that the database has ended with a word of its own
)
"""What asyncpg raises where the database cannot be asked."""

_CONNECTING: Final = 10.0

# A server whose machine is gone says no goodbye: what it held is free again when its connection counts as dead.
_KEEPALIVE: Final = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

_SQLALCHEMYS: Final = frozenset(
    {"async_creator_fn", "async_fallback", "prepared_statement_cache_size", "prepared_statement_name_func"}
)


def connect_arguments(url: sa.URL) -> dict[str, Any]:
    """Return the arguments of ``asyncpg.connect`` for a URL of SQLAlchemy."""
    _, arguments = dialect().create_connect_args(url)  # type: ignore[no-untyped-call]
    own = {name: value for name, value in arguments.items() if name not in _SQLALCHEMYS}
    own["server_settings"] = {"application_name": "tora", **_KEEPALIVE, **own.get("server_settings", {})}
    return {"timeout": _CONNECTING, **own}

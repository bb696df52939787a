"""PostgreSQL as the catalog's database: its connections, what is tried again, and its errors in words.

Loaded only for a catalog that is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import sqlalchemy as sa
import tenacity
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tora.server.catalog.errors import CatalogError, CatalogFullError, UncertainError

__all__ = ["ERRORS", "advice", "make_engine", "make_patient_engine", "persistent", "said", "snapshots", "transaction"]

T = TypeVar("T")

ERRORS: Final = (DBAPIError, PoolTimeoutError, OSError)
"""What a call can fail with: connecting fails with the system's own errors."""

CONNECTIONS: Final = 10
"""Connections that one server keeps; PostgreSQL's own default allows 100 in all."""

MORE: Final = 5
"""Connections more in a rush, which are closed again."""

PLACE: Final = 30.0
"""Seconds that a call waits for a connection."""

CONNECTING: Final = 10.0
STATEMENT: Final = 60.0

RENEWED: Final = 1800
"""Seconds after which a connection is made anew: proxies and failovers leave some that lead nowhere."""

_SETTINGS: Final = {
    "application_name": "tora",
    # A server that hangs, or whose machine vanished, keeps what it holds no longer than a minute.
    "idle_in_transaction_session_timeout": "60000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

_READ_ONLY: Final = "postgresql_readonly"

_SERIALIZATION: Final = frozenset({"40001", "40P01"})
# What was looked for was not there, and was made, or was there, and was deleted, before this call wrote: look again.
_OVERTAKEN: Final = frozenset({"23505", "23503"})
# The connection failed, or the server is ending, starting or full.
_LOST: Final = frozenset({"57P01", "57P02", "57P03", "53300"})
_STALE_PLAN: Final = "0A000"  # a migration changed a table under a statement that was prepared before

_ATTEMPTS: Final = 10
_LOOKS: Final = 3


def make_engine(url: sa.URL, **options: Any) -> AsyncEngine:
    """Return an engine with a pool, which has not connected yet.

    Connections are not tried before they are used (`pool_pre_ping`), which would take three of a call's seven ways
    to the server and back: a call that finds its connection broken discards all that are as old, and is carried out
    again on a new one.
    """
    return _made(
        url,
        {"command_timeout": STATEMENT},
        pool_size=CONNECTIONS,
        max_overflow=MORE,
        pool_timeout=PLACE,
        pool_recycle=RENEWED,
        **options,
    )


def make_patient_engine(url: sa.URL) -> AsyncEngine:
    """Return an engine for migrations: they may take long, or wait long for those of another server."""
    return _made(url, {}, poolclass=sa.NullPool)


def snapshots(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine for calls that only read: all their statements see the same moment."""
    return engine.execution_options(isolation_level="REPEATABLE READ", **{_READ_ONLY: True})


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Commit what the block does, or nothing of it.

    Raises:
        UncertainError: The connection broke, or was silent, while it was committed.
    """
    async with engine.connect() as connection:
        changing = await connection.begin()
        yield connection
        try:
            await changing.commit()
        except ERRORS as exc:
            without_word = _is_lost(exc) or isinstance(exc, TimeoutError)
            if without_word and not engine.get_execution_options().get(_READ_ONLY):
                raise UncertainError("lost its connection while a change was kept: look whether it was") from exc
            raise


async def persistent(attempt: Callable[[], Awaitable[T]]) -> T:
    """Carry out a transaction, again where another server's came between or the connection broke, a few times."""
    trying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=_enough,
        wait=tenacity.wait_random_exponential(multiplier=0.01, max=1.0),
        reraise=True,
    )
    return await trying(attempt)


def said(error: BaseException) -> str:
    """Return what went wrong, in PostgreSQL's words or the system's; values and passwords are not among them."""
    cause = _cause(error)
    if isinstance(cause, PoolTimeoutError):
        return f"all of its {CONNECTIONS + MORE} connections are busy"
    if isinstance(cause, TimeoutError):
        return "it does not answer in time"
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    return str(cause.args[0]) if cause.args else type(cause).__name__


def advice(error: BaseException) -> tuple[type[CatalogError], str]:  # noqa: PLR0911  # a table
    """Return the kind of error that a caller is told, and what to do."""
    cause = _cause(error)
    match _state(cause):
        case "28P01" | "28000":
            return CatalogError, "check the user and the password in its address"
        case "3D000":
            return CatalogError, "make the database first, with createdb or CREATE DATABASE"
        case "42501":
            return CatalogError, "give the user the right to make tables in it, best as its owner"
        case "25006":
            return CatalogError, "it can only be read, as a standby: name the primary"
        case "53100":
            return CatalogFullError, "the disk is full; make room and try again"
        case "53300":
            return CatalogError, "allow it more connections (max_connections)"
        case _ if isinstance(cause, OSError):
            return CatalogError, "check that PostgreSQL runs, and its address; nothing was changed"
        case _:
            return CatalogError, "nothing was changed"


def _made(url: sa.URL, arguments: dict[str, Any], **options: Any) -> AsyncEngine:
    given = {"timeout": CONNECTING, "server_settings": _SETTINGS, **arguments}
    try:
        return create_async_engine(url, connect_args=given, **options)
    except ModuleNotFoundError as exc:
        raise CatalogError(
            f"a catalog in PostgreSQL needs the package {exc.name}; install it with: pip install 'tora[scale]'"
        ) from exc


def _is_lost(error: BaseException) -> bool:
    """Return whether the connection broke, or none could be made for now."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = _cause(error)
    if isinstance(cause, ConnectionError):
        return True
    state = _state(cause)
    return state in _LOST or state.startswith("08") or "connection is closed" in str(cause)


def _passes(error: BaseException) -> bool:
    """Return whether the same call may succeed when it is made again; whatever it did was undone."""
    state = _state(_cause(error))
    return _is_lost(error) or state in _SERIALIZATION | _OVERTAKEN or (state == _STALE_PLAN and _is_stale(error))


def _is_stale(error: BaseException) -> bool:
    return "InvalidCachedStatement" in type(_cause(error)).__name__


def _enough(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    overtaken = error is not None and _state(_cause(error)) in _OVERTAKEN
    return state.attempt_number >= (_LOOKS if overtaken else _ATTEMPTS)


def _cause(error: BaseException) -> BaseException:
    """Return the driver's own error, which SQLAlchemy wraps once or twice."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _state(cause: BaseException) -> str:
    return str(getattr(cause, "sqlstate", None) or "")

"""The connection to the catalog's database, and its errors in the catalog's words."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from tora.server.catalog.address import is_sqlite, shown
from tora.server.catalog.errors import CatalogError, CatalogFullError, UncertainError

__all__ = ["make_engine", "patient", "persistent", "snapshots", "translated", "use_wal"]

T = TypeVar("T")

_PRAGMAS: Final = (
    "busy_timeout = 1000",
    "locking_mode = EXCLUSIVE",
    "foreign_keys = ON",
    # Durable with every commit: an id that a client was given must be known after a power cut.
    "synchronous = FULL",
)

# SQLite calls the disk full only where the system says ENOSPC; quotas and limits say something else.
_CANNOT_GROW: Final = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE})


def make_engine(url: sa.URL) -> AsyncEngine:
    """Return an engine that has not connected yet."""
    options: dict[str, Any] = {
        # Values stay out of what is raised, and so out of the log.
        "hide_parameters": True,
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
    if not is_sqlite(url):
        from tora.server.catalog import postgres  # here and below: only who has a catalog there pays for it

        return postgres.make_engine(url, **options)
    # One connection, given to one transaction after the other: nothing inside this process can find
    # the database locked, and transactions cannot mix as they would on a connection that is shared.
    one: dict[str, Any] = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0, "pool_timeout": None}
    engine = create_async_engine(url, **one, **options)
    sa.event.listen(engine.sync_engine, "connect", _prepare)
    sa.event.listen(engine.sync_engine, "begin", _begin)
    return engine


async def use_wal(engine: AsyncEngine) -> None:
    """Let SQLite append changes to a log, which the file keeps from then on.

    To be called once the file is known to be Tora's. The connection is its exclusive owner already:
    so the log needs no shared memory file, and folders on network disks work.
    """
    if is_sqlite(engine.url):
        async with engine.connect() as connection:
            await connection.run_sync(_use_wal)


def snapshots(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine for calls that only read, whose statements all see the same moment.

    In SQLite one transaction comes after the other, so that they do anyway.
    """
    if is_sqlite(engine.url):
        return engine
    from tora.server.catalog import postgres

    return postgres.snapshots(engine)


@asynccontextmanager
async def patient(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """Yield the engine for migrations, whose statements may take long."""
    if is_sqlite(engine.url):
        yield engine
        return
    from tora.server.catalog import postgres

    other = postgres.make_patient_engine(engine.url)
    try:
        yield other
    finally:
        await other.dispose()


async def persistent(url: sa.URL, attempt: Callable[[], Awaitable[T]]) -> T:
    """Carry out a transaction, again where another server's came between or the connection broke."""
    if is_sqlite(url):
        return await attempt()
    from tora.server.catalog import postgres

    return await postgres.persistent(attempt)


@contextmanager
def translated(url: sa.URL) -> Iterator[None]:
    """Turn the database's errors into CatalogError with its name and what to do."""
    with _translated_from_sqlite(url) if is_sqlite(url) else _translated_from_postgres(url):
        yield


@contextmanager
def _translated_from_sqlite(url: sa.URL) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error) as exc:
        said = exc.orig if isinstance(exc, DBAPIError) else exc
        kind, advice = _advice(said)
        raise kind(f"the catalog {shown(url)} cannot be used: {said}; {advice}") from exc


@contextmanager
def _translated_from_postgres(url: sa.URL) -> Iterator[None]:
    from tora.server.catalog import postgres

    try:
        yield
    except postgres.ERRORS as exc:
        kind, advice = postgres.advice(exc)
        raise kind(f"the catalog {shown(url)} cannot be used: {postgres.said(exc)}; {advice}") from exc
    except UncertainError as exc:
        raise UncertainError(f"the catalog {shown(url)} {exc}") from exc.__cause__


def _prepare(connection: Any, _record: object) -> None:  # a DBAPI connection, which has no common type
    # The driver would open transactions by its own rules, and none around CREATE TABLE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(connection: sa.Connection) -> None:
    # Below SQLAlchemy, which would open a transaction first: inside one SQLite does not change the mode.
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _advice(error: BaseException | None) -> tuple[type[CatalogError], str]:
    code = getattr(error, "sqlite_errorcode", 0)
    # The low byte is the primary code; the rest tells variants of it.
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return CatalogError, "another process has it open; stop that one, or use another folder"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return CatalogError, "it is damaged or no catalog of Tora; move it away or restore it from a backup"
        case sqlite3.SQLITE_FULL:
            return CatalogFullError, "the disk is full; make room and try again"
        case sqlite3.SQLITE_IOERR if code in _CANNOT_GROW:
            return CatalogFullError, "it cannot grow, as over a quota; make room and try again"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return CatalogError, "check that it and its folder may be written"
        case _:
            return CatalogError, "nothing was changed"

"""Bring a catalog's tables to the form that this version of Tora knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from tora.server.catalog.changes import newest_change
from tora.server.catalog.errors import CatalogError
from tora.server.storage.mark import Mark

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["HEAD", "alembic_config", "check", "upgrade"]

HEAD: Final = "0005"
"""The newest revision under ``migrations/versions``.

It stands here so that a catalog that is current, which is the rule, opens without importing
Alembic: that takes longer than all the rest.
"""

_MIGRATING: Final = 0x746F7261
"""The number of the lock under which migrations run on PostgreSQL."""


def check(connection: sa.Connection, shown: str, mark: Mark | None) -> str | None:
    """Return the revision of a catalog that can be used, None when it has no table yet; change nothing.

    Args:
        connection: An open connection.
        shown: The name of the catalog for messages.
        mark: What was acknowledged of a catalog in a file.

    Raises:
        CatalogError: A newer Tora wrote it, it belongs to another program, it is damaged, or it lacks
            what was acknowledged.
    """
    _check_pages(connection, shown)
    if mark is not None and (loss := mark.loss(newest_change(connection))):
        raise CatalogError(f"the catalog {loss}")
    stored = _revision(connection, shown)
    if stored not in {None, HEAD}:
        _check_known(str(stored), shown)
    return stored


def upgrade(connection: sa.Connection, shown: str, mark: Mark | None) -> None:
    """Check the database and run the migrations that it lacks, inside the caller's transaction.

    Of several servers that start at once one does it, and the others find it done.

    Raises:
        CatalogError: As `check` does.
    """
    if connection.dialect.name == "postgresql":
        _wait_for_turn(connection, shown)
    if check(connection, shown, mark) != HEAD:
        from alembic import command  # a quarter of a second, and seldom needed

        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Return Alembic's settings for the migrations inside this package."""
    from alembic.config import Config  # as above

    config = Config()
    config.set_main_option("script_location", "tora.server.catalog:migrations")
    return config


def _wait_for_turn(connection: sa.Connection, shown: str) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise CatalogError(
            f"the database {shown} has the encoding {encoding}, which does not know every character; it was not "
            "changed: make one with UTF8 (CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0)"
        )
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))  # let go with the transaction


def _check_pages(connection: sa.Connection, shown: str) -> None:
    if connection.dialect.name != "sqlite":
        return
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise CatalogError(
            f"the catalog {shown} is damaged ({found}); it was not changed: restore it from a backup or move it away"
        )


def _revision(connection: sa.Connection, shown: str) -> str | None:
    tables = sa.inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if tables:
        raise CatalogError(
            f"the database {shown} belongs to another program: it has the table {tables[0]!r} and no catalog of Tora; "
            "it was not changed: give Tora a folder or database of its own"
        )
    return None


def _check_known(stored: str, shown: str) -> None:
    from alembic.script import ScriptDirectory  # as above

    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if stored not in known:
        raise CatalogError(
            f"the catalog {shown} was written by a newer Tora (its revision is {stored}, this version knows up to "
            f"{HEAD}); it was not changed: upgrade Tora"
        )

"""The catalog's tables as they are now; the migrations lead to exactly these."""

from __future__ import annotations

import datetime as dt
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

__all__ = ["Instant", "experiment_tags", "experiments", "metadata", "secrets", "workspaces"]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A moment, kept as whole microseconds since 1970 in UTC.

    SQLite has no type for times, and one representation on every engine sorts and compares alike.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the microseconds of an aware time."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Return the time in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


# Named constraints can be altered by later migrations on every engine.
metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

workspaces: Final = sa.Table(
    "workspaces",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

experiments: Final = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    # Databases fold the case of ASCII alone, or by a locale: Python folds it here, once.
    sa.Column("name_folded", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("notes", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("owner_writer", sa.Text),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id", ondelete="SET NULL")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("hyperparams", sa.JSON, nullable=False),
    # Everything that a search looks at, folded, one part a line.
    sa.Column("search", sa.Text, nullable=False),
    # One index for each order of the list, with the id that makes the order total.
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "updated_at", "id"),
    sa.Index(None, "name_folded", "id"),
    sa.Index(None, "status", "id"),
    sa.Index(None, "workspace_id", "created_at", "id"),
    # For counting: that needs no row.
    sa.Index(None, "archived", "id"),
)

experiment_tags: Final = sa.Table(
    "experiment_tags",
    metadata,
    sa.Column("experiment_id", sa.Text, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("tag", sa.Text, nullable=False),
    sa.Index(None, "tag", "experiment_id"),
)

secrets: Final = sa.Table(
    "secrets",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

"""The catalog's tables as they are now; the migrations lead to exactly these."""

from __future__ import annotations

import datetime as dt
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

__all__ = [
    "Instant",
    "api_keys",
    "audit",
    "console",
    "contexts",
    "experiment_tags",
    "experiments",
    "invitations",
    "members",
    "metadata",
    "secrets",
    "sessions",
    "shares",
    "tickets",
    "users",
    "workspaces",
]

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
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
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
    # Whose it is where it is in no workspace; nobody's, if an anonymous client made it. No foreign key: a user
    # who is deleted leaves an heir, lest what was theirs alone become everybody's.
    sa.Column("creator_id", sa.Text),
    sa.Column("hyperparams", sa.JSON, nullable=False),
    # Everything that a search looks at, folded, one part a line.
    sa.Column("search", sa.Text, nullable=False),
    # One index for each order of the list, with the id that makes the order total.
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "updated_at", "id"),
    sa.Index(None, "name_folded", "id"),
    sa.Index(None, "status", "id"),
    sa.Index(None, "workspace_id", "created_at", "id"),
    sa.Index(None, "creator_id", "created_at", "id"),
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

# Beside the experiments, whose rows lists read whole.
contexts: Final = sa.Table(
    "contexts",
    metadata,
    sa.Column("experiment_id", sa.Text, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("context", sa.JSON, nullable=False),
)

console: Final = sa.Table(
    "console",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("experiment_id", sa.Text, sa.ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    sa.Column("writer", sa.Text, nullable=False),
    # The writer's own count, from 1 on: what is sent again is known by it.
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # Of the experiment up to here, so that the limit is checked without a sum over all lines.
    sa.Column("bytes_so_far", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("experiment_id", "writer", "line", name="uq_console_experiment_id_writer_line"),
    sa.Index(None, "experiment_id", "number"),
)

secrets: Final = sa.Table(
    "secrets",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

# --- People ---------------------------------------------------------------------------------------

users: Final = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    # Two people whose names differ by case alone would be taken for each other.
    sa.Column("name_folded", sa.Text, nullable=False),
    # None: only a ticket, or the proxy in front, lets this person in.
    sa.Column("password_hash", sa.Text),
    sa.Column("is_admin", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("name_folded"),
)

# Of everything that lets somebody in, only a hash is kept: who reads the file has no key.
sessions: Final = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "user_id"),
)

tickets: Final = sa.Table(
    "tickets",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "user_id"),
)

api_keys: Final = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id", ondelete="CASCADE")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("last_used_at", Instant),
    sa.UniqueConstraint("token_hash"),
    sa.Index(None, "user_id", "created_at"),
)

members: Final = sa.Table(
    "members",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Index(None, "user_id"),
)

invitations: Final = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "workspace_id", "created_at"),
)

shares: Final = sa.Table(
    "shares",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("experiment_id", sa.Text, sa.ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_by", sa.Text, sa.ForeignKey("users.id", ondelete="SET NULL")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index(None, "experiment_id", "created_at"),
)

# No foreign keys: what was done stays known when the doer and the thing are gone.
audit: Final = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor_id", sa.Text),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
)

"""The catalog's tables as they are now; the migrations lead to exactly these."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from tora.server.catalog.columns import Counter, Instant, Words

__all__ = [
    "api_keys",
    "audit",
    "console",
    "contexts",
    "experiment_tags",
    "experiments",
    "invitations",
    "members",
    "metadata",
    "open_turns",
    "secrets",
    "sessions",
    "shares",
    "tickets",
    "turns",
    "users",
    "workspaces",
]

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
    sa.Column("id", Words, primary_key=True),
    sa.Column("name", Words, nullable=False),
    sa.Column("description", Words),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

experiments: Final = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("name", Words, nullable=False),
    # Databases fold the case of ASCII alone, or by a locale: Python folds it here, once.
    sa.Column("name_folded", Words, nullable=False),
    sa.Column("description", Words),
    sa.Column("notes", Words),
    sa.Column("status", Words, nullable=False),
    sa.Column("owner_writer", Words),
    sa.Column("workspace_id", Words, sa.ForeignKey("workspaces.id", ondelete="SET NULL")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()),
    # Whose it is where it is in no workspace; nobody's, if an anonymous client made it. No foreign key: a user
    # who is deleted leaves an heir, lest what was theirs alone become everybody's.
    sa.Column("creator_id", Words),
    sa.Column("hyperparams", sa.JSON, nullable=False),
    # Everything that a search looks at, folded, one part a line.
    sa.Column("search", Words, nullable=False),
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
    sa.Column("experiment_id", Words, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("tag", Words, nullable=False),
    sa.Index(None, "tag", "experiment_id"),
)

# Beside the experiments, whose rows lists read whole.
contexts: Final = sa.Table(
    "contexts",
    metadata,
    sa.Column("experiment_id", Words, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("context", sa.JSON, nullable=False),
)

console: Final = sa.Table(
    "console",
    metadata,
    sa.Column("number", Counter, primary_key=True, autoincrement=True),
    sa.Column("experiment_id", Words, sa.ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    sa.Column("writer", Words, nullable=False),
    # The writer's own count, from 1 on: what is sent again is known by it.
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("stream", Words, nullable=False),
    sa.Column("text", Words, nullable=False),
    # Of the experiment up to here, so that the limit is checked without a sum over all lines.
    sa.Column("bytes_so_far", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("experiment_id", "writer", "line", name="uq_console_experiment_id_writer_line"),
    sa.Index(None, "experiment_id", "number"),
)

secrets: Final = sa.Table(
    "secrets",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

# --- People ---------------------------------------------------------------------------------------

users: Final = sa.Table(
    "users",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("name", Words, nullable=False),
    # Two people whose names differ by case alone would be taken for each other.
    sa.Column("name_folded", Words, nullable=False),
    # None: only a ticket, or the proxy in front, lets this person in.
    sa.Column("password_hash", Words),
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
    sa.Column("user_id", Words, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "user_id"),
)

tickets: Final = sa.Table(
    "tickets",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", Words, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "user_id"),
)

api_keys: Final = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    sa.Column("user_id", Words, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", Words, nullable=False),
    sa.Column("hint", Words, nullable=False),
    sa.Column("scope", Words, nullable=False),
    sa.Column("workspace_id", Words, sa.ForeignKey("workspaces.id", ondelete="CASCADE")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("last_used_at", Instant),
    sa.UniqueConstraint("token_hash"),
    sa.Index(None, "user_id", "created_at"),
)

members: Final = sa.Table(
    "members",
    metadata,
    sa.Column("workspace_id", Words, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", Words, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role", Words, nullable=False),
    sa.Index(None, "user_id"),
)

invitations: Final = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("workspace_id", Words, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    sa.Column("role", Words, nullable=False),
    sa.Column("created_by", Words, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "workspace_id", "created_at"),
)

shares: Final = sa.Table(
    "shares",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("experiment_id", Words, sa.ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_by", Words, sa.ForeignKey("users.id", ondelete="SET NULL")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index(None, "experiment_id", "created_at"),
)

# No foreign keys: what was done stays known when the doer and the thing are gone.
audit: Final = sa.Table(
    "audit",
    metadata,
    sa.Column("number", Counter, primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor_id", Words),
    sa.Column("actor_name", Words, nullable=False),
    sa.Column("address", Words, nullable=False),
    sa.Column("action", Words, nullable=False),
    sa.Column("target", Words, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
)

# --- Several servers ------------------------------------------------------------------------------

# The newest group of an experiment's points, whichever server stored it.
turns: Final = sa.Table(
    "turns",
    metadata,
    sa.Column("experiment", Words, primary_key=True),
    sa.Column("tick", sa.BigInteger, nullable=False),
)

# Groups that are being stored, or whose server was killed meanwhile.
open_turns: Final = sa.Table(
    "open_turns",
    metadata,
    sa.Column("experiment", Words, primary_key=True),
    sa.Column("tick", sa.BigInteger, primary_key=True, autoincrement=False),
)

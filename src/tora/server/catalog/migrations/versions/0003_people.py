"""People, their keys, and what they may see: the tables of a team's server.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tora.server.catalog.columns import Counter, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Experiments that are there belong to nobody; administrators see them, and everybody on an anonymous server."""
    _create_people()
    _create_ways_in()
    _create_workspaces_people()
    op.create_table(
        "audit",
        sa.Column("number", Counter, nullable=False, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor_id", Words),
        sa.Column("actor_name", Words, nullable=False),
        sa.Column("address", Words, nullable=False),
        sa.Column("action", Words, nullable=False),
        sa.Column("target", Words, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.add_column("experiments", sa.Column("creator_id", Words))
    op.create_index("ix_experiments_creator_id_created_at_id", "experiments", ["creator_id", "created_at", "id"])


def _create_people() -> None:
    op.create_table(
        "users",
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("name_folded", Words, nullable=False),
        sa.Column("password_hash", Words),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name_folded", name="uq_users_name_folded"),
    )


def _create_ways_in() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("user_id", Words, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "tickets",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("user_id", Words, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_tickets"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tickets_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_tickets_user_id", "tickets", ["user_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", Words, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("user_id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("hint", Words, nullable=False),
        sa.Column("scope", Words, nullable=False),
        sa.Column("workspace_id", Words),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_api_keys_workspace_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("token_hash", name="uq_api_keys_token_hash"),
    )
    op.create_index("ix_api_keys_user_id_created_at", "api_keys", ["user_id", "created_at"])


def _create_workspaces_people() -> None:
    op.create_table(
        "members",
        sa.Column("workspace_id", Words, nullable=False),
        sa.Column("user_id", Words, nullable=False),
        sa.Column("role", Words, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name="pk_members"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_members_workspace_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_members_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_members_user_id", "members", ["user_id"])
    op.create_table(
        "invitations",
        sa.Column("id", Words, nullable=False),
        sa.Column("workspace_id", Words, nullable=False),
        sa.Column("role", Words, nullable=False),
        sa.Column("created_by", Words, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_invitations_workspace_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_invitations_created_by", ondelete="CASCADE"),
    )
    op.create_index("ix_invitations_workspace_id_created_at", "invitations", ["workspace_id", "created_at"])
    op.create_table(
        "shares",
        sa.Column("id", Words, nullable=False),
        sa.Column("experiment_id", Words, nullable=False),
        sa.Column("created_by", Words),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_shares_experiment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_shares_created_by", ondelete="SET NULL"),
    )
    op.create_index("ix_shares_experiment_id_created_at", "shares", ["experiment_id", "created_at"])

"""The first tables.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tora.server.catalog.columns import Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of an empty database."""
    op.create_table(
        "workspaces",
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("description", Words),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    op.create_table(
        "experiments",
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("name_folded", Words, nullable=False),
        sa.Column("description", Words),
        sa.Column("notes", Words),
        sa.Column("status", Words, nullable=False),
        sa.Column("owner_writer", Words),
        sa.Column("workspace_id", Words),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("hyperparams", sa.JSON, nullable=False),
        sa.Column("search", Words, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_experiments_workspace_id", ondelete="SET NULL"
        ),
    )
    for columns in (
        ["created_at", "id"],
        ["updated_at", "id"],
        ["name_folded", "id"],
        ["status", "id"],
        ["workspace_id", "created_at", "id"],
    ):
        op.create_index(f"ix_experiments_{'_'.join(columns)}", "experiments", columns)
    op.create_table(
        "experiment_tags",
        sa.Column("experiment_id", Words, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("tag", Words, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "place", name="pk_experiment_tags"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_experiment_tags_experiment_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_experiment_tags_tag_experiment_id", "experiment_tags", ["tag", "experiment_id"])
    op.create_table(
        "secrets",
        sa.Column("name", Words, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )

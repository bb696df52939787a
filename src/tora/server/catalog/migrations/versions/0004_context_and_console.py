"""What made an experiment's run, and what its program printed.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tora.server.catalog.columns import Counter, Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Experiments that are there have neither."""
    op.create_table(
        "contexts",
        sa.Column("experiment_id", Words, nullable=False),
        sa.Column("context", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", name="pk_contexts"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_contexts_experiment_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "console",
        sa.Column("number", Counter, nullable=False, autoincrement=True),
        sa.Column("experiment_id", Words, nullable=False),
        sa.Column("writer", Words, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("stream", Words, nullable=False),
        sa.Column("text", Words, nullable=False),
        sa.Column("bytes_so_far", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_console"),
        sa.UniqueConstraint("experiment_id", "writer", "line", name="uq_console_experiment_id_writer_line"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_console_experiment_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_console_experiment_id_number", "console", ["experiment_id", "number"])

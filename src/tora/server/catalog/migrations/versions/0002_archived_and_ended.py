"""Experiments can be archived, and say when they ended.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was archived; what has ended was changed last when it did, as far as anybody knows."""
    op.add_column("experiments", sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("experiments", sa.Column("ended_at", sa.BigInteger))
    op.execute("UPDATE experiments SET ended_at = updated_at WHERE status <> 'running'")
    op.create_index("ix_experiments_archived_id", "experiments", ["archived", "id"])

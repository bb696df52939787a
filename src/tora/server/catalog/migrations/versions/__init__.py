"""Alembic's scripts, read by it as files."""

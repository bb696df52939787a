"""What servers that share a database need: turns of writing, and word of each change.

The database tells of changes by itself, with the transaction that makes them: a server that is killed between a change
and telling of it has told. In SQLite, which no two servers share, the tables stay empty.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tora.server.catalog.columns import Words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TELL_OF_EXPERIMENT = """
CREATE FUNCTION tora_tell_of_experiment() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM tora_tell(json_build_array('gone', OLD.id, OLD.workspace_id, OLD.creator_id));
        RETURN NULL;
    END IF;
    PERFORM tora_tell(json_build_array('changed', NEW.id));
    IF TG_OP = 'UPDATE' AND (OLD.workspace_id, OLD.creator_id) IS DISTINCT FROM (NEW.workspace_id, NEW.creator_id) THEN
        PERFORM tora_tell(json_build_array('forget'));
    END IF;
    RETURN NULL;
END $body$
"""
# Those of one transaction that say the same become one.
_TELL = """
CREATE FUNCTION tora_tell(message json) RETURNS void LANGUAGE sql AS $body$
    SELECT pg_notify('tora', CAST(json_build_array('', json_build_array(message)) AS text))
$body$
"""
_TELL_OF_CONTEXT = """
CREATE FUNCTION tora_tell_of_context() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM tora_tell(json_build_array('changed', NEW.experiment_id));
    RETURN NULL;
END $body$
"""
_TELL_OF_ACCESS = """
CREATE FUNCTION tora_tell_of_access() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM tora_tell(json_build_array('forget'));
    RETURN NULL;
END $body$
"""

# A new key or session was nothing before that anybody could remember. When a key was used last changes nothing.
_TRIGGERS = {
    "experiments": ("INSERT OR UPDATE OR DELETE", "tora_tell_of_experiment"),
    "contexts": ("INSERT OR UPDATE", "tora_tell_of_context"),
    "users": ("UPDATE OR DELETE", "tora_tell_of_access"),
    "sessions": ("UPDATE OR DELETE", "tora_tell_of_access"),
    "members": ("INSERT OR UPDATE OR DELETE", "tora_tell_of_access"),
    "shares": ("DELETE", "tora_tell_of_access"),
    "api_keys": ("UPDATE OF user_id, scope, workspace_id, expires_at OR DELETE", "tora_tell_of_access"),
}


def upgrade() -> None:
    """Make the tables, and on PostgreSQL what speaks for itself."""
    op.create_table(
        "turns",
        sa.Column("experiment", Words, nullable=False),
        sa.Column("tick", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("experiment", name="pk_turns"),
    )
    op.create_table(
        "open_turns",
        sa.Column("experiment", Words, nullable=False),
        sa.Column("tick", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("experiment", "tick", name="pk_open_turns"),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE SEQUENCE ticks")
    for function in (_TELL, _TELL_OF_EXPERIMENT, _TELL_OF_CONTEXT, _TELL_OF_ACCESS):
        op.execute(function)
    for table, (events, function) in _TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER tora_tell AFTER {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
        )

"""A later version of Tora, run as a script: each of its stores has two migrations more.

``later.py STORE FILE server ...`` creates FILE and stands still before the second migration of a store, ``catalog`` or
``metrics``, when the first is done and nothing is committed; any other word for STORE lets it run.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from tora.cli import main
from tora.server.catalog import migrate
from tora.server.metrics.duckdb import schema

__all__ = ["PROGRAM", "stop"]

PROGRAM: Final = ("-P", __file__)  # without its folder on the path, where a module is called http

_REVISION: Final = """
import sqlalchemy as sa
from alembic import op
from __main__ import stop
revision, down_revision, branch_labels, depends_on = {revision!r}, {before!r}, None, None
def upgrade():
    {work}
"""
_REVISIONS: Final = {
    "0901": "op.add_column('experiments', sa.Column('unit', sa.Text, server_default='none'))",
    "0902": "stop('catalog'); op.execute(\"UPDATE experiments SET unit = 'm'\")",
}
_STEPS: Final = (
    "CREATE TABLE units AS SELECT sid, 'none' AS unit FROM series",
    "UPDATE units SET unit = 'm'",
)


def stop(store: str) -> None:
    """Stand still if the command line says so."""
    if store == stop_at:
        Path(sign).touch()
        threading.Event().wait()


class _Steps(dict[int, str]):
    """The statements of the metrics' migrations; whoever asks for the last may have to wait."""

    def __getitem__(self, version: int) -> str:
        if version == max(self):
            stop("metrics")
        return super().__getitem__(version)


def _run(folder: str) -> None:
    head = migrate.HEAD
    for revision, work in _REVISIONS.items():
        text = _REVISION.format(revision=revision, before=head, work=work)
        Path(folder, f"{revision}_later.py").write_text(text, encoding="utf-8")
        head = revision
    own = Path(migrate.__file__).parent / "migrations" / "versions"
    make_config = migrate.alembic_config

    def config() -> Any:
        made = make_config()
        made.set_main_option("path_separator", "newline")
        made.set_main_option("version_locations", f"{own}\n{folder}")
        return made

    steps = _Steps({**schema.MIGRATIONS, **{schema.VERSION + place: step for place, step in enumerate(_STEPS)}})
    with (
        patch.multiple(migrate, HEAD=head, alembic_config=config),
        patch.multiple(schema, VERSION=schema.VERSION + len(_STEPS), MIGRATIONS=steps),
    ):
        main()


stop_at = sign = ""

if __name__ == "__main__":
    stop_at, sign = sys.argv.pop(1), sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as made_up:
        _run(made_up)

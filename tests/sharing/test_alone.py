"""A server that is alone pays nothing for those that are not."""

from __future__ import annotations

import subprocess
import sys

from tests.support.serving import clean_environment

ENGINES = ("asyncpg", "tora.server.sharing", "tora.server.catalog.postgres", "tora.server.metrics.clickhouse")


def test_a_server_alone_loads_nothing_of_it() -> None:
    """Neither PostgreSQL's driver nor what speaks to other servers is imported before somebody asks for it."""
    probe = f"import sys, tora.server.front; print([name for name in {ENGINES} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", probe], env=clean_environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"

"""What the integrations' tests get: a server on which each finds its own experiments alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve

from tests.support.serving import Server


@pytest.fixture
def server(server: Server) -> Server:
    """The test process's server, whose experiments of other tests are not found, whatever they are called."""
    now = datetime.now(UTC)
    told = now.replace(microsecond=now.microsecond // 1000 * 1000)  # the server tells milliseconds
    return evolve(server, since=told)

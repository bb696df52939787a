"""Running or lost: which server a writer talks to makes no difference."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.server.test_lost import World, world
from tora.server.presence import LOST_AFTER
from tora.server.sharing import telling


async def _becomes(one: World, status: str, experiment: str) -> None:
    async with asyncio.timeout(30):
        while await one.status(experiment) != status:
            pass


async def test_a_writer_that_one_server_hears_is_not_lost_on_another(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its signs of life reach all, and so does word that it was killed."""
    monkeypatch.setattr(telling, "SIGNS", 0.01)
    for name in "ab":
        (tmp_path / name).mkdir()
    async with world(tmp_path / "a", database) as a, world(tmp_path / "b", database) as b:
        await a.send("POST", "/experiments", {"id": "s", "name": "s"}, "owner")
        a.pass_time(LOST_AFTER + 1)
        while await b.status("s") != "lost":  # the sign with which it was made may still be on its way
            b.pass_time(LOST_AFTER + 1)
        await a.send("POST", "/experiments/s/heartbeat", {"writer": "owner"})
        assert await a.status("s") == "running"
        await _becomes(b, "running", "s")
        await a.send("POST", "/experiments/s/heartbeat", {"writer": "owner", "status": "lost"}, "other")
        assert await a.status("s") == "lost"
        await _becomes(b, "lost", "s")

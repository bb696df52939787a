"""A quiet run stays alive by its heartbeat, and only by its owner's."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path

import pytest

from tests.server.test_lost import World, world
from tora import AsyncTora
from tora._async import delivery
from tora.server.presence import LOST_AFTER


async def seen(server: World, client: AsyncTora) -> str:
    """Return an experiment's status."""
    return str((await server.send("GET", f"/experiments/{client.experiment_id}"))["status"])


async def becomes(server: World, client: AsyncTora, wanted: str) -> None:
    """Wait until an experiment has a status."""
    async with asyncio.timeout(20):
        while await seen(server, client) != wanted:  # noqa: ASYNC110  # what is waited for is in the server
            await asyncio.sleep(0.02)


async def test_a_heartbeat_keeps_a_quiet_run_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is logged for as long as a writer may be silent, and the run is running all the same."""
    monkeypatch.setattr(delivery, "HEARTBEAT", 0.05)
    async with world(tmp_path) as server:
        async with await AsyncTora.create_experiment("quiet", server_url=server._base) as client:
            for _ in range(3):
                server.pass_time(LOST_AFTER + 1)
                await becomes(server, client, "running")
        assert await seen(server, client) == "finished"


async def test_without_its_owners_heartbeat_a_run_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's signs of life are not the owner's; the next metric of the owner makes the run running again."""
    monkeypatch.setattr(delivery, "HEARTBEAT", 3600.0)
    async with world(tmp_path) as server:
        client = await AsyncTora.create_experiment("lost", server_url=server._base)
        async with client:
            async with copy.copy(client) as worker:
                server.pass_time(LOST_AFTER + 1)
                await worker.log("worker", 1.0)
                await worker.flush()
                assert await seen(server, client) == "lost"
            await client.log("owner", 1.0)
            await client.flush()
            assert await seen(server, client) == "running"

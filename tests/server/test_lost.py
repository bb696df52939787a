"""Running, ended or lost: whose word and whose silence counts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tora.server.app import build_app
from tora.server.context import PRESENCE
from tora.server.options import Options
from tora.server.presence import LOST_AFTER, Presence


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class World:
    """A server in this process whose clock can be moved."""

    def __init__(self, session: aiohttp.ClientSession, base: str, clock: Clock) -> None:
        self._session = session
        self._base = base
        self._clock = clock

    async def send(self, method: str, path: str, body: object = None, writer: str | None = None) -> Any:
        """Send a request as a writer and return the answer's data."""
        headers = {"x-tora-writer": writer} if writer else {}
        async with self._session.request(method, self._base + path, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return (await answer.json())["data"]

    async def status(self, experiment: str = "x") -> str:
        """Return the status that an experiment is shown with, on its own and in lists alike."""
        shown: str = (await self.send("GET", f"/experiments/{experiment}"))["status"]
        listed = (await self.send("GET", f"/experiments?status={shown}"))["items"]
        assert experiment in [each["id"] for each in listed]
        return shown

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.now += seconds


@asynccontextmanager
async def world(folder: Path, catalog: str | None = None) -> AsyncIterator[World]:
    """Serve a folder in this process."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = build_app(Options(dir=folder, anonymous=True, catalog=catalog), port=port, local_key="k")
    clock = Clock()
    app[PRESENCE] = Presence(clock)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield World(session, f"http://127.0.0.1:{port}", clock)
    finally:
        await runner.cleanup()


@pytest.fixture
def live(tmp_path: Path) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Run a story in a world of its own."""

    def run(story: Callable[[World], Awaitable[None]]) -> None:
        async def main() -> None:
            async with world(tmp_path) as made:
                await story(made)

        asyncio.run(main())

    return run


Live = Callable[[Callable[[World], Awaitable[None]]], None]


def test_an_experiment_is_lost_after_its_owners_silence(live: Live) -> None:
    """It is running for two minutes after the owner's last sign, then lost, and running again with the next."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "owner")
        world.pass_time(LOST_AFTER)
        assert await world.status() == "running"
        world.pass_time(1)
        assert await world.status() == "lost"
        for body in ({"writer": "owner"}, {"writer": "owner", "status": "running"}):
            await world.send("POST", "/experiments/x/heartbeat", body)
            assert await world.status() == "running"
            world.pass_time(LOST_AFTER + 1)
            assert await world.status() == "lost"

    live(story)


def test_a_worker_keeps_no_experiment_alive(live: Live) -> None:
    """Another writer's batches and heartbeats are not the owner's."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "owner")
        world.pass_time(LOST_AFTER + 1)
        await world.send("POST", "/experiments/x/heartbeat", {"writer": "worker"})
        body = {"writer": "worker", "firstSeq": 1, "logs": [{"name": "a", "value": 1}]}
        await world.send("POST", "/experiments/x/logs/batch", body)
        assert await world.status() == "lost"
        await world.send("POST", "/experiments/x/logs/batch", body | {"writer": "owner"})
        assert await world.status() == "running"

    live(story)


def test_without_an_owner_anybody_keeps_it_alive(live: Live) -> None:
    """Published clients have no writer: any sign of life counts."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"})
        world.pass_time(LOST_AFTER + 1)
        assert await world.status() == "lost"
        await world.send("POST", "/experiments/x/metrics/batch", {"metrics": [{"name": "a", "value": 1}]})
        assert await world.status() == "running"

    live(story)


def test_only_the_owner_ends_an_experiment(live: Live) -> None:
    """A worker's end shows among the writers; the owner's end is the experiment's."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "owner")
        answer = await world.send("PATCH", "/experiments/x", {"status": "failed"}, "worker")
        assert answer["status"] == "running"
        (worker,) = await world.send("GET", "/experiments/x/writers")
        assert (worker["writer"], worker["status"]) == ("worker", "failed")
        answer = await world.send("PATCH", "/experiments/x", {"status": "finished"}, "owner")
        assert answer["status"] == "finished"
        world.pass_time(LOST_AFTER + 1)
        assert await world.status() == "finished"

    live(story)


def test_silent_writers_are_lost_each_by_itself(live: Live) -> None:
    """The list of writers tells who was silent for two minutes from who logs on and who has ended."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "owner")
        for writer in ("silent", "steady", "ended"):
            await world.send("POST", "/experiments/x/heartbeat", {"writer": writer})
        await world.send("POST", "/experiments/x/heartbeat", {"writer": "ended", "status": "finished"})
        world.pass_time(LOST_AFTER + 1)
        await world.send("POST", "/experiments/x/heartbeat", {"writer": "steady"})
        found = {one["writer"]: one["status"] for one in await world.send("GET", "/experiments/x/writers")}
        assert found == {"silent": "lost", "steady": "running", "ended": "finished"}

    live(story)


def test_lists_count_and_filter_by_the_status_of_now(live: Live) -> None:
    """Lost ones are found, counted and sorted as lost, and no longer as running."""

    async def story(world: World) -> None:
        for name in ("a", "b", "c"):
            await world.send("POST", "/experiments", {"id": name, "name": name}, name)
        world.pass_time(LOST_AFTER + 1)
        await world.send("POST", "/experiments/b/heartbeat", {"writer": "b"})
        for query, ids in (
            ("status=lost&sort=name", ["a", "c"]),
            ("status=running", ["b"]),
            ("filter=status=lost&sort=-name", ["c", "a"]),
            ("sort=status", ["a", "c", "b"]),
            ("sort=-duration", ["b", "c", "a"]),  # nobody knows how long the others took
        ):
            page = await world.send("GET", f"/experiments?{query}")
            assert ([each["id"] for each in page["items"]], page["total"]) == (ids, len(ids))
        lost = await world.send("GET", "/experiments/a")
        assert (lost["status"], lost["endedAt"], lost["duration"]) == ("lost", None, None)

    live(story)


def test_a_heartbeat_can_be_the_end(live: Live) -> None:
    """The owner's last heartbeat ends the experiment, a worker's does not."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "owner")
        await world.send("POST", "/experiments/x/heartbeat", {"writer": "worker", "status": "failed"})
        assert await world.status() == "running"
        await world.send("POST", "/experiments/x/heartbeat", {"writer": "owner", "status": "stopped"})
        assert await world.status() == "stopped"

    live(story)


def test_who_was_found_dead_is_lost_at_once(live: Live) -> None:
    """Another client that sends what a killed owner left says so; the owner itself can still prove it wrong."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "owner")
        await world.send("POST", "/experiments/x/heartbeat", {"writer": "owner", "status": "lost"})
        assert await world.status() == "lost"
        await world.send("POST", "/experiments/x/heartbeat", {"writer": "owner"})
        assert await world.status() == "running"

    live(story)


def test_who_loads_an_experiment_owns_it(live: Live) -> None:
    """Saying running makes a writer the owner, of a finished experiment too; the former owner is a worker then."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "first")
        await world.send("PATCH", "/experiments/x", {"status": "finished"}, "first")
        answer = await world.send("PATCH", "/experiments/x", {"status": "running"}, "second")
        assert answer["status"] == "running"
        assert (await world.send("PATCH", "/experiments/x", {"status": "failed"}, "first"))["status"] == "running"
        world.pass_time(LOST_AFTER - 1)
        await world.send("GET", "/experiments/x", writer="second")
        world.pass_time(LOST_AFTER - 1)
        assert await world.status() == "running"
        assert (await world.send("PATCH", "/experiments/x", {"status": "stopped"}, "second"))["status"] == "stopped"

    live(story)


def test_a_status_without_a_writer_counts(live: Live) -> None:
    """Somebody at the page, or a script, can end an experiment whose owner is gone."""

    async def story(world: World) -> None:
        await world.send("POST", "/experiments", {"id": "x", "name": "x"}, "owner")
        assert (await world.send("PATCH", "/experiments/x", {"status": "stopped"}))["status"] == "stopped"

    live(story)


def test_presence_forgets_what_says_nothing() -> None:
    """Old signs are dropped, and those of the living kept."""
    clock = Clock()
    presence = Presence(clock)
    for place in range(9_000):
        presence.sign("x", f"w{place}")
    clock.now += LOST_AFTER + 1
    for place in range(5_000):
        presence.sign("y", f"w{place}")
    assert len(presence._seen) < 6_000
    assert presence.is_lost("x", "w1")
    assert not presence.is_lost("y", "w1")

"""The work: actors log, some of them are killed, and what is stored is compared with what their calls accepted."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from ray.exceptions import RayActorError

from benchmarks.rollouts.actor import METRIC, Actor, Run, noted
from tests.support import http
from tora import AsyncTora

__all__ = ["LIMIT", "Sizes", "compare", "roll_out"]

LIMIT: Final = 600.0


@frozen
class Sizes:
    """How much is done.

    Attributes:
        metrics: Of each actor.
        kills: How many actors are killed on the way.
        pause: Seconds between two metrics of an actor.
    """

    actors: int
    metrics: int
    kills: int
    pause: float
    seed: int = 1


async def roll_out(
    server_url: str, sizes: Sizes, notes: Path, environment: dict[str, str]
) -> tuple[str, list[Run], list[Run]]:
    """Let all actors log, and kill some on the way; return the experiment, the floor's runs and those of the living."""
    chance = random.Random(sizes.seed)  # noqa: S311  # which actors, and when
    chosen = chance.sample(range(sizes.actors), sizes.kills)
    victims = {number: chance.randrange(sizes.metrics) for number in chosen}
    async with await AsyncTora.create_experiment("rollouts", server_url=server_url) as client:
        worker: Any = Actor.options(runtime_env={"env_vars": environment})  # type: ignore[attr-defined]
        actors = [worker.remote(client, number, sizes.metrics, str(notes)) for number in range(sizes.actors)]
        pids = await asyncio.wait_for(asyncio.gather(*(actor.pid.remote() for actor in actors)), LIMIT)
        floor = list(await asyncio.gather(*(actor.idle.remote(sizes.pause) for actor in actors)))
        running = [asyncio.ensure_future(_result(actor.log.remote(sizes.pause))) for actor in actors]
        killers = [_kill(pids[number], notes, number, after) for number, after in victims.items()]
        await asyncio.gather(*killers)
        runs = [run for run in await asyncio.wait_for(asyncio.gather(*running), LIMIT) if run is not None]
        living = [actor for number, actor in enumerate(actors) if number not in victims]
        await asyncio.gather(*(actor.close.remote() for actor in living))
        return client.experiment_id, floor, runs


async def _result(reference: Any) -> Run | None:
    try:
        run: Run = await reference
    except RayActorError:
        return None
    return run


async def _kill(pid: int, notes: Path, number: int, after: int) -> None:
    async with asyncio.timeout(LIMIT):
        while noted(notes, number) < after:  # noqa: ASYNC110  # it is a file
            await asyncio.sleep(0.005)
    os.kill(pid, signal.SIGKILL)


def compare(server_url: str, experiment: str, sizes: Sizes, notes: Path) -> dict[str, int]:
    """Count what was logged, what is stored, what is stored twice, and what is missing."""
    answer = http.request("GET", f"{server_url}/experiments/{experiment}/export?format=jsonl", timeout=LIMIT)
    steps = Counter(each["step"] for each in map(json.loads, answer.body.splitlines()) if each["name"] == METRIC)
    returned = {
        number * sizes.metrics + index for number in range(sizes.actors) for index in range(noted(notes, number))
    }
    return {
        "returned": len(returned),
        "stored": len(steps),
        "missing": len(returned - steps.keys()),
        "duplicates": sum(steps.values()) - len(steps),
        # Killed between the return of a call and its note: stored, and not noted.
        "stored_beyond_the_notes": len(steps.keys() - returned),
    }

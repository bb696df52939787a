"""tora.aio: a current experiment a task, and what the tasks that it starts have of it."""

from __future__ import annotations

import asyncio

import tora
from tests.support.http import summaries
from tests.support.serving import Server


async def test_tasks_never_mix_their_experiments(server: Server) -> None:
    """200 tasks, each with its own experiment and 100 metrics, some from threads: each has exactly its own."""

    async def work(number: int) -> tuple[str, int]:
        experiment = await tora.aio.setup(f"task {number}", server_url=server.url)
        for step in range(50):
            await tora.aio.tlog("value", number, step)
            if step % 10 == 0:
                await asyncio.sleep(0)

        def in_thread() -> None:
            for step in range(50, 100):
                tora.aio.tlog_nowait("value", number, step)

        await asyncio.to_thread(in_thread)
        assert tora.aio.get_experiment_id() == experiment
        assert (await tora.aio.shutdown(60)).stored == 100
        return experiment, number

    done = await asyncio.gather(*(asyncio.create_task(work(number)) for number in range(200)))
    assert len({experiment for experiment, _ in done}) == 200
    for experiment, number in done:
        (summary,) = summaries(server.url, experiment).values()
        found = {name: summary[name] for name in ("count", "min", "max", "firstStep", "lastStep")}
        assert found == {"count": 100, "min": number, "max": number, "firstStep": 0, "lastStep": 99}


async def test_a_task_inherits_and_may_replace_its_parents_experiment(
    server: Server,
) -> None:
    """A task logs to the experiment of the one that started it, until it sets up its own."""
    parent = await tora.aio.setup("parent", server_url=server.url)

    async def inherit() -> None:
        await tora.aio.tlog("inherited", 1.0)

    async def replace() -> str:
        own = await tora.aio.setup("child", server_url=server.url)
        await tora.aio.tlog("own", 1.0)
        await tora.aio.shutdown()
        return own

    await asyncio.create_task(inherit())
    child = await asyncio.create_task(replace())
    assert tora.aio.get_experiment_id() == parent
    await tora.aio.shutdown()
    assert summaries(server.url, parent).keys() == {"inherited"}
    assert summaries(server.url, child).keys() == {"own"}

"""The turns of a server that writes alone."""

from __future__ import annotations

import asyncio

import pytest

from tora.server.metrics.turns import LocalTurns

pytestmark = pytest.mark.anyio


async def test_an_experiment_is_one_writers_at_a_time() -> None:
    """Groups that share an experiment follow each other; the numbers only grow, and others need not wait."""
    turns = LocalTurns()
    under_way: set[str] = set()
    ticks: list[int] = []

    async def write(*experiments: str) -> None:
        async with turns.take(experiments) as turn:
            assert not under_way & set(experiments)
            under_way.update(experiments)
            ticks.append(turn.tick)
            await asyncio.sleep(0)
            under_way.difference_update(experiments)

    async with turns.take(["a"]):
        async with asyncio.timeout(10):
            await write("b")
        waiting = [asyncio.create_task(write(*each)) for each in ("ab", "bc", "ca", "c", "ba")]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert len(set(ticks)) == 6
    assert max(ticks) == await turns.newest() == 7


async def test_a_group_that_fails_is_open_until_one_ends_well() -> None:
    """The next turns with one of its experiments hear its number, and that it may have changed something."""
    turns = LocalTurns()
    await turns.start_after(10)

    async def fail(open_before: frozenset[int]) -> None:
        async with turns.take(["a", "b"]) as turn:
            assert turn.unsettled == open_before
            raise ConnectionError

    for open_before in (frozenset[int](), frozenset({11})):
        with pytest.raises(ConnectionError):
            await fail(open_before)
    async with turns.take(["c"]) as turn:
        assert (turn.stale, turn.unsettled) == (frozenset(), frozenset())
    async with turns.take(["c", "a"]) as turn:
        assert (turn.stale, turn.unsettled) == (frozenset("a"), frozenset({11, 12}))
    async with turns.take(["a"]) as turn:
        assert (turn.tick, turn.stale, turn.unsettled) == (15, frozenset(), frozenset())
    async with turns.take(["b"]) as turn:
        assert turn.unsettled == frozenset({11, 12})

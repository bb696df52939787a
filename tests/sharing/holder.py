"""Has a turn with some experiments and keeps it, as a server does that is killed meanwhile; run as a script."""

from __future__ import annotations

import asyncio
import sys

import sqlalchemy as sa

from tora.server.sharing.turns import PostgresTurns


async def _hold(url: sa.URL, experiments: list[str]) -> None:
    async with PostgresTurns(url) as turns, turns.take(experiments) as turn:
        print(turn.tick, flush=True)  # noqa: T201  # for the test to read
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_hold(sa.make_url(sys.argv[1]), sys.argv[2:]))

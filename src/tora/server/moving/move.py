"""Moving experiment after experiment, reading them back, and then all records in one transaction.

Whatever ends it in between, the next one goes on: the target's catalog says what is done, and is none
that a server would use before everything is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Final, TypeAlias

from attrs import define, field, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog import moves, transfer
from tora.server.catalog.moves import Moved
from tora.server.metrics.base import Chunk
from tora.server.moving.ahead import ahead
from tora.server.moving.belongings import Belongings, belongings
from tora.server.moving.checksum import Checksum
from tora.server.moving.errors import DifferenceError, MoveError, TargetTakenError
from tora.server.moving.side import Side

__all__ = ["Advance", "Move", "Plan"]

Advance: TypeAlias = Callable[[int], None]

_AT_ONCE: Final = 200
_NAMED: Final = 3


@frozen
class Plan:
    """What there is to do.

    Attributes:
        experiments: How many experiments there are.
        points: How many points there are.
        done: How many of them an interrupted move has stored already.
        checked: How many of these were read back already.
        finished: Whether all of it was moved before; nothing is left to do.
    """

    experiments: int
    points: int
    done: int
    checked: int
    finished: bool = False


@define
class Move:
    """A move of all that two stores hold into two that are empty; its steps are called in their order.

    Attributes:
        source: Where everything is; nobody writes there meanwhile, and nothing of it is changed.
        target: Where it is to be.
    """

    source: Side
    target: Side
    _ids: Sequence[str] = ()
    _points: Mapping[str, int] = field(factory=dict)
    _moved: dict[str, Moved] = field(factory=dict)

    async def begin(self) -> Plan:
        """Look at both ends, and at what an interrupted move has done.

        Raises:
            TargetTakenError: The target holds something else.
        """
        await self.source.catalog.secret(transfer.OWN_SECRET)  # made where no server has run yet
        mark = await self.source.catalog.run(transfer.mark)
        self._ids, self._points = await _counted(self.source)
        if not await self.target.catalog.run(self._claim, mark or ""):
            return await self._finished()
        noted = await self.target.catalog.run(moves.noted)
        self._moved = {id_: one for id_, one in noted.items() if self._points.get(id_) == one.points}
        return Plan(
            experiments=len(self._ids),
            points=sum(self._points.values()),
            done=sum(one.points for one in self._moved.values()),
            checked=sum(one.points for one in self._moved.values() if one.checked),
        )

    async def copy(self, advance: Advance) -> None:
        """Store the points of each experiment that is not there yet.

        Raises:
            MoveError: Somebody writes to the source.
            StoreError, CatalogError: A store failed.
        """
        left = [id_ for id_ in self._points if id_ not in self._moved]
        for some in _parts(left):
            known = await belongings(self.source.metrics, some)
            for id_ in some:
                self._moved[id_] = moved = await self._copy(id_, known.get(id_), advance)
                await self.target.catalog.run(moves.note, id_, moved)

    async def check(self, advance: Advance) -> None:
        """Read back what was stored, and compare it with what was read.

        Raises:
            MoveError: Somebody writes to the source.
            DifferenceError: Something differs; the next move stores those experiments again.
        """
        differences = []
        left = [id_ for id_, moved in self._moved.items() if not moved.checked]
        for some in _parts(left):
            here = await belongings(self.source.metrics, some)
            there = await belongings(self.target.metrics, some)
            for id_ in some:
                if what := await self._difference(id_, here.get(id_), there.get(id_), advance):
                    differences.append(f"{id_}: {what}")
                    await self.target.catalog.run(moves.forget, id_)
                else:
                    await self.target.catalog.run(moves.note_checked, id_)
        if differences:
            raise DifferenceError(
                f"{len(differences)} of {len(self._moved)} experiments are not in {self.target.shown} as they were "
                f"read ({'; '.join(differences[:_NAMED])}); run it again, which stores these anew"
            )

    async def finish(self) -> Mapping[str, int]:
        """Copy all records in one transaction, after which the target is whole; return the rows of each table.

        Raises:
            MoveError: Somebody wrote to the source.
            DifferenceError: The records there are not those that were read; none was copied.
        """
        ids, points = await _counted(self.source)
        if changed := {id_ for id_ in {*ids, *self._ids} if points.get(id_) != self._points.get(id_)}:
            raise self._changed(min(changed))
        return await self.target.catalog.run(self._bring)

    async def _claim(self, connection: AsyncConnection, mark: str) -> bool:
        """Note that a move begins, where none does yet; return whether there is anything to do."""
        found, shown = await moves.source(connection), self.target.shown
        if found is None:
            if await transfer.mark(connection) == mark:
                return False
            used = await transfer.first_used(connection)
            if used or self.target.metrics.tick:
                what = f"its table {used!r} has rows" if used else "points were stored there"
                raise TargetTakenError(
                    f"{shown} is in use: {what}; nothing was changed: move to an empty database, or to a folder that "
                    "is not there yet"
                )
            await moves.begin(connection, mark)
        elif found != mark:
            raise TargetTakenError(
                f"what another server had is being moved to {shown}; nothing was changed: "
                "finish that move, or move to another place"
            )
        return True

    async def _finished(self) -> Plan:
        """Return that nothing is left to do, if the target still holds what the source does."""
        ids, points = await _counted(self.target)
        if (set(ids), points) != (set(self._ids), self._points):
            raise TargetTakenError(
                f"{self.target.shown} is in use: what {self.source.shown} had was moved there before, and one of them "
                "has changed since; nothing was changed: move to another place"
            )
        total = sum(points.values())
        return Plan(len(ids), total, total, total, finished=True)

    async def _copy(self, id_: str, known: Belongings | None, advance: Advance) -> Moved:
        checksum = Checksum()

        async def watched(chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
            async for chunk in chunks:
                checksum.add(chunk)
                yield chunk
                advance(len(chunk.value))

        if known is None:
            raise self._changed(id_)
        async with aclosing(ahead(self.source.metrics.export(id_))) as chunks:
            stored = await self.target.metrics.restore(
                id_, watched(chunks), list(known.writers.values()), known.messages
            )
        if not stored == checksum.points == self._points[id_]:
            raise self._changed(id_)
        return Moved(stored, checksum.hexdigest())

    async def _difference(
        self, id_: str, here: Belongings | None, there: Belongings | None, advance: Advance
    ) -> str | None:
        """Return in what an experiment differs from what was read, None where it does not."""
        moved, found = self._moved[id_], Checksum()
        async with aclosing(ahead(self.target.metrics.export(id_))) as chunks:
            async for chunk in chunks:
                found.add(chunk)
                advance(len(chunk.value))
        if here is None or here.points != moved.points:
            raise self._changed(id_)
        if found.points != moved.points:
            return f"{found.points:,} points instead of {moved.points:,}"
        if found.hexdigest() != moved.checksum:
            return "points with other values, or in another order"
        return "no writers" if there is None else here.difference(there)

    async def _bring(self, connection: AsyncConnection) -> Mapping[str, int]:
        read = await self.source.catalog.run(transfer.copy, connection)
        found = await transfer.counts(connection)
        if differing := [name for name in read if read[name] != found[name]]:
            raise DifferenceError(
                f"{self.target.shown} does not keep the table {differing[0]!r} as it is in {self.source.shown}; "
                "no record was copied"
            )
        await moves.end(connection)
        return {name: one.rows for name, one in found.items()}

    def _changed(self, id_: str) -> MoveError:
        return MoveError(
            f"{self.source.shown} changed while it was moved (the experiment {id_}); "
            "stop its servers and run it again, which goes on where it was"
        )


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE))


async def _counted(side: Side) -> tuple[list[str], dict[str, int]]:
    """Return the ids of all experiments, and the number of points of each that somebody has written to."""
    ids = await side.catalog.run(transfer.experiment_ids)
    points: dict[str, int] = {}
    for some in _parts(ids):
        writers, summaries = await side.metrics.writers(some), await side.metrics.summaries(some)
        counts = {id_: sum(one.count for one in summaries[id_]) for id_ in some}
        points |= {id_: counts[id_] for id_ in some if writers[id_] or counts[id_]}
    return ids, points

"""What programs printed: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from tora import validation
from tora.server.catalog import experiments
from tora.server.catalog.errors import ConsoleFullError
from tora.server.catalog.tables import console

__all__ = ["Printed", "Row", "append", "page"]

_NUL: Final = "\x00"
_IN_PLACE_OF_NUL: Final = "\ufffd"  # not every database holds a NUL in a text


@frozen
class Printed:
    """One line as a program printed it, without its line end.

    Attributes:
        time: Unix seconds.
        stream: ``stdout`` or ``stderr``.
    """

    time: float
    stream: str
    text: str


@frozen
class Row:
    """One line as it is stored.

    Attributes:
        number: Its place among all lines of this server.
    """

    number: int
    writer: str
    printed: Printed


async def append(
    connection: AsyncConnection, experiment_id: str, writer: str, first: int, lines: Sequence[Printed]
) -> int:
    """Store lines that are not stored yet, and return the number of the writer's last one.

    Args:
        connection: Where to write.
        experiment_id: The experiment that the program logs to.
        writer: Who sends them.
        first: The number of the first; the others follow without a gap.
        lines: The lines.

    Raises:
        NotFoundError: There is no such experiment.
        ConsoleFullError: The experiment has as much text as it may have.
    """
    await experiments.hold(connection, experiment_id)
    of_experiment = console.c.experiment_id == experiment_id
    last = sa.select(sa.func.max(console.c.line)).where(of_experiment, console.c.writer == writer)
    through = await connection.scalar(last) or 0
    new = lines[max(through + 1 - first, 0) :]
    if not new:
        return through
    newest = sa.select(console.c.bytes_so_far).where(of_experiment).order_by(console.c.number.desc()).limit(1)
    size = await connection.scalar(newest) or 0
    if size >= validation.MAX_CONSOLE_BYTES:
        raise ConsoleFullError(experiment_id)
    begin = first + len(lines) - len(new)
    await connection.execute(console.insert(), _rows(experiment_id, writer, begin, new, size))
    return begin + len(new) - 1


def _rows(experiment_id: str, writer: str, begin: int, lines: Sequence[Printed], size: int) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(lines, begin):
        text = line.text.replace(_NUL, _IN_PLACE_OF_NUL)
        size += len(text.encode()) + 1
        rows.append(
            {
                "experiment_id": experiment_id,
                "writer": writer,
                "line": number,
                "time": line.time,
                "stream": line.stream,
                "text": text,
                "bytes_so_far": size,
            }
        )
    return rows


async def page(
    connection: AsyncConnection, experiment_id: str, limit: int, *, after: int = 0, before: int | None = None
) -> list[Row]:
    """Return lines in the order in which they arrived.

    Args:
        connection: Where to read.
        experiment_id: The experiment.
        limit: How many at most.
        after: Only those with a larger number.
        before: Only those with a smaller number, of which the last ones are returned; None for the first ones.
    """
    c = console.c
    query = sa.select(c.number, c.writer, c.time, c.stream, c.text)
    query = query.where(c.experiment_id == experiment_id, c.number > after).limit(limit)
    if before is None:
        rows = (await connection.execute(query.order_by(c.number))).all()
    else:
        rows = (await connection.execute(query.where(c.number < before).order_by(c.number.desc()))).all()[::-1]
    return [Row(number, writer, Printed(*rest)) for number, writer, *rest in rows]

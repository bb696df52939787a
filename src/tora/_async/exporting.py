"""Every point of an experiment as a stream of bytes into a file; ``tora export`` and `tora.api` stand on it."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, TypeAlias, cast, get_args

from tora._async.remote import Query, Remote, path_of
from tora.errors import ToraConfigurationError, ToraError, ToraValidationError
from tora.types import ExportFormat
from tora.validation import shown

__all__ = ["Progress", "export_to", "format_of", "stream"]

Progress: TypeAlias = Callable[[int, int], object]
"""Is told how many points are written, and how many there are."""

FORMATS: Final = get_args(ExportFormat)
PART: Final = 1024 * 1024
SILENCE: Final = 600.0
"""Seconds that the server may take to begin: a columnar file is made whole before its first byte leaves."""

LONGEST: Final = 50
"""Characters of a file's name that its unfinished form keeps."""


def format_of(path: str | os.PathLike[str], given: str | None = None) -> ExportFormat:
    """Return the format that is asked for; without one, what the file's name ends with, or else CSV.

    Raises:
        ToraValidationError: There is no such format.
    """
    if given is not None and given not in FORMATS:
        raise ToraValidationError(f"format must be {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, got {shown(given)}")
    ending = Path(path).suffix.lstrip(".").lower()
    return cast("ExportFormat", given or (ending if ending in FORMATS else "csv"))


async def export_to(
    path: Path,
    server: Remote,
    experiment_id: str,
    kind: ExportFormat,
    names: Sequence[str] = (),
    progress: Progress | None = None,
) -> int:
    """Write an experiment's points to a file, which takes its name when it is complete; otherwise as `stream`."""
    with _complete(path) as file:

        async def write(part: bytes) -> None:
            await asyncio.to_thread(file.write, part)

        return await stream(write, server, experiment_id, kind, names, progress)


async def stream(
    write: Callable[[bytes], Awaitable[object]],
    server: Remote,
    experiment_id: str,
    kind: ExportFormat,
    names: Sequence[str] = (),
    progress: Progress | None = None,
) -> int:
    """Hand on the bytes of an export as they arrive, and return how many there were.

    Args:
        write: Takes them; an OSError of its own says that it cannot.
        server: Where the experiment is.
        experiment_id: Its id.
        kind: What the bytes are.
        names: These metrics alone; none for all.
        progress: Is told how far it is.

    Raises:
        ToraConfigurationError: They cannot be written.
        ToraError: The server refuses, or the connection breaks; the message says so.
    """
    path = path_of(experiment_id)
    query: Query = {"format": kind, "name": list(names)}
    total = 0 if progress is None else await _points(server, path, names)
    size = done = 0
    async with server.stream(f"{path}/export", query, silence=SILENCE) as response:
        lines = -1 if kind == "csv" else 0  # its first line is the head
        async for part in response.content.iter_chunked(PART):
            await _written(write, part)
            size += len(part)
            if progress is None:
                continue
            if response.content_length is None:
                lines += part.count(b"\n")
                done = max(lines, 0)
            else:  # the bytes of a columnar file are not points, but as many parts of the whole
                done = total * size // response.content_length
            progress(done, max(done, total))
    return size


async def _points(server: Remote, path: str, names: Sequence[str]) -> int:
    """Return how many points an experiment has."""
    metrics = await server.get(f"{path}/metrics")
    return sum(each["count"] for each in metrics if not names or each["name"] in names)


async def _written(write: Callable[[bytes], Awaitable[object]], part: bytes) -> None:
    try:
        await write(part)
    except OSError as exc:
        raise ToraConfigurationError(f"cannot write the file: {exc}; make room, or choose another place") from exc


@contextmanager
def _complete(target: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes its name when the block ends well, and is removed otherwise."""
    part = target.parent / f".{target.name[:LONGEST]}.{secrets.token_hex(4)}.part"
    try:
        with part.open("xb") as file:
            yield file
        part.replace(target)
    except ToraError:  # among them those that are OSErrors
        raise
    except OSError as exc:
        raise ToraConfigurationError(f"cannot write {target}: {exc}; choose another place") from exc
    finally:
        part.unlink(missing_ok=True)

"""``tora export``: every point of an experiment as a file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from tora.cli.words import say
from tora.errors import ToraConfigurationError, ToraError

if TYPE_CHECKING:
    from tora.cli.remote import Query, Remote

__all__ = ["FORMATS", "export"]

FORMATS: Final = ("csv", "jsonl", "parquet")
PART: Final = 256 * 1024
SILENCE: Final = 600.0
"""Seconds that the server may take to begin: a columnar file is made whole before its first byte leaves."""


def export(
    experiment: Annotated[str, typer.Argument(help="Its id, a beginning of it, or its name.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="The file; - is standard output.", show_default="a file named for it, here"
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the option's name
        Literal["csv", "jsonl", "parquet"] | None,
        typer.Option(help="What kind of file.", show_default="as the file's name ends, or csv"),
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A metric; repeatable; all by themselves.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write every point of an experiment to a file, raw; the file appears under its name when it is complete."""
    from tora.cli import finding, remote

    kind = format or _kind(output)

    async def work(server: Remote) -> None:
        found = await finding.experiment(server, experiment)
        target = None if output == "-" else Path(output or f"{_file_name(found)}.{kind}")
        if target is not None and target.exists() and not force:
            raise ToraConfigurationError(f"{target} is there already; give another with --output, or --force")
        query: Query = {"format": kind, "name": metric or []}
        if target is None:
            await _copied(server, found["id"], query, sys.stdout.buffer)
            return
        with _complete(target) as file:
            size = await _copied(server, found["id"], query, file)
        say(f"{target}: {size:,} bytes")

    remote.run("export", work)


def _kind(output: str | None) -> str:
    ending = Path(output or "").suffix.lstrip(".").lower()
    return ending if ending in FORMATS else "csv"


def _file_name(found: dict[str, Any]) -> str:
    """Return a name that every file system takes; the experiment's may be anything."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", found["name"]).strip("-.")[:80] or str(found["id"])


async def _copied(server: Remote, experiment: str, query: Query, file: IO[bytes]) -> int:
    from tora.cli import finding
    from tora.cli.progress import Progress

    path = f"{finding.path_of(experiment)}/export"
    size = 0
    async with server.stream(path, query, silence=SILENCE) as response:
        with Progress("exporting", response.content_length, in_bytes=True) as progress:
            async for part in response.content.iter_chunked(PART):
                _write(file, part)
                size += len(part)
                progress.advance(len(part))
    return size


def _write(file: IO[bytes], part: bytes) -> None:
    try:
        file.write(part)
    except BrokenPipeError:
        # Who reads has what they wanted; nobody is to be told at the interpreter's end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as exc:
        raise ToraConfigurationError(f"cannot write the file: {exc}; make room, or choose another place") from exc


@contextmanager
def _complete(target: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes its name when the block ends well, and is removed otherwise."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    except ToraError:  # among them those that are OSErrors
        raise
    except OSError as exc:
        raise ToraConfigurationError(f"cannot write {target}: {exc}; choose another place with --output") from exc
    finally:
        part.unlink(missing_ok=True)

"""``tora export``: every point of an experiment as a file."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tora.cli.words import say
from tora.errors import ToraConfigurationError
from tora.types import ExportFormat

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["export"]


def export(
    experiment: Annotated[str, typer.Argument(help="Its id, a beginning of it, or its name.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="The file; - is standard output.", show_default="a file named for it, here"
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the option's name
        ExportFormat | None,
        typer.Option(help="What kind of file.", show_default="as the file's name ends, or csv"),
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A metric; repeatable; all by themselves.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write every point of an experiment to a file, raw; the file appears under its name when it is complete."""
    from tora._async.exporting import export_to, format_of, stream
    from tora.cli import finding, remote
    from tora.cli.progress import Progress

    kind = format_of("" if output in {None, "-"} else str(output), format)

    async def work(server: Remote) -> None:
        found = await finding.experiment(server, experiment)
        target = None if output == "-" else Path(output or f"{_file_name(found)}.{kind}")
        if target is not None and target.exists() and not force:
            raise ToraConfigurationError(f"{target} is there already; give another with --output, or --force")
        wanted = (server, found["id"], kind, metric or [])
        with Progress("exporting", None) as progress:
            told = progress.told if progress.is_shown else None
            if target is None:
                await stream(_print, *wanted, told)
                return
            size = await export_to(target, *wanted, told)
        say(f"{target}: {size:,} bytes")

    remote.run("export", work)


def _file_name(found: dict[str, Any]) -> str:
    """Return a name that every file system takes; the experiment's may be anything."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", found["name"]).strip("-.")[:80] or str(found["id"])


async def _print(part: bytes) -> None:
    try:
        sys.stdout.buffer.write(part)
    except BrokenPipeError:
        # Who reads has what they wanted; nobody is to be told at the interpreter's end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None

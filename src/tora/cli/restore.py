"""``tora restore``: a data folder made of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tora.cli.words import reported, say
from tora.errors import ToraConfigurationError

__all__ = ["restore"]


def restore(
    file: Annotated[Path, typer.Argument(help="What `tora backup` wrote.")],
    dir: Annotated[Path, typer.Option(help="The data folder to make; what is there must be empty.")],  # noqa: A002  # the option's name
) -> None:
    """Make a data folder of a backup: whole, or not at all.

    Every byte and every count is held against what the backup says of itself, and both databases are opened as a
    server would, before the folder gets its name. Nothing that is there is overwritten.
    """
    from tora.cli.backup import progress
    from tora.server.backup.restoring import RestoreError
    from tora.server.backup.restoring import restore as made

    with reported("restore"):
        file, folder = file.expanduser().absolute(), dir.expanduser().absolute()
        try:
            with progress("restore", _size(file)) as advance:
                manifest = made(file, folder, advance)
        except RestoreError as exc:
            raise ToraConfigurationError(str(exc)) from exc
    counts = manifest.counts
    say(
        f"{folder} holds {len(counts.experiments):,} experiments and {counts.metrics['points']:,} metrics, as of "
        f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.",
        f"Start it with: tora server --dir {folder}",
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as exc:
        raise ToraConfigurationError(f"cannot read the backup {file}: {exc.strerror}") from exc

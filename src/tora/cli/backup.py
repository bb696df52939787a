"""``tora backup``: all that a server has acknowledged, in one file."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from tora import config, rendezvous
from tora.cli.words import reported, say
from tora.errors import ToraAPIError, ToraConfigurationError, ToraError
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tora._async.http import Endpoint

__all__ = ["backup", "no_catalog", "progress", "running"]

SILENCE: Final = 3600.0
"""Seconds that the copies may take before the first byte comes."""

_PIECE: Final = 1024 * 1024
_Pieces: TypeAlias = "tuple[int, AsyncIterator[bytes]]"


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write the backup; it must not be there yet.")],
    dir: Annotated[  # noqa: A002  # the option's name
        Path | None, typer.Option(help="Data folder, on its own machine.", show_default="the server of the settings")
    ] = None,
) -> None:
    """Write all that a server has acknowledged into one file, while it goes on working.

    Takes an administrator's key, or with --dir the right to read the data folder; there no server needs to run.
    The file holds password hashes and what signs tokens: keep it as you keep the data folder. `tora restore` makes
    a data folder of it.
    """
    import asyncio

    with reported("backup"):
        target = file.expanduser().absolute()
        if target.exists():
            raise ToraConfigurationError(f"{file} is there already, and nothing is overwritten; choose another name")
        size = asyncio.run(_backup(target, dir and dir.expanduser().absolute()))
        say(f"{file} holds all that was acknowledged when it was begun ({size:,} bytes).")


async def _backup(file: Path, folder: Path | None) -> int:
    opened = _asked(None) if folder is None else _of_folder(folder)
    with _appearing(file) as partial:
        async with opened as (size, pieces):
            with progress("backup", size) as advance, os.fdopen(_private(partial), "wb") as target:
                async for piece in pieces:
                    target.write(piece)
                    advance(len(piece))
                target.flush()
                os.fsync(target.fileno())
        written = partial.stat().st_size
        if written != size:
            raise ToraError(f"the backup was cut short: {written:,} of {size:,} bytes came; try again")
    return size


@contextmanager
def _appearing(file: Path) -> Iterator[Path]:
    """Yield a name beside a file, which becomes the file's when all is well and vanishes otherwise."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        yield partial
        partial.replace(file)
    except OSError as exc:
        if isinstance(exc, ToraError):
            raise
        raise ToraConfigurationError(
            f"cannot write {file}: {exc.strerror or exc}; make room or write elsewhere"
        ) from exc
    finally:
        partial.unlink(missing_ok=True)


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


@asynccontextmanager
async def _of_folder(folder: Path) -> AsyncIterator[_Pieces]:
    endpoint = running(folder)
    if endpoint is not None:
        async with _asked(endpoint) as answer:
            yield answer
        return
    if not (folder / CATALOG_FILE).exists():
        raise no_catalog(folder)
    async with _opened(folder) as answer:
        yield answer


def no_catalog(folder: Path) -> ToraConfigurationError:
    """Return the error about a folder whose server does not run, and that holds no catalog."""
    if rendezvous.local_key(folder) is not None:  # a server has been there
        return ToraConfigurationError(
            f"{folder} holds no catalog.sqlite: its server keeps the catalog elsewhere (`tora server --catalog`); "
            "start that server first"
        )
    return ToraConfigurationError(f"{folder} is no data folder of Tora: it holds no catalog.sqlite; check --dir")


def running(folder: Path) -> Endpoint | None:
    """Return the server that owns a data folder, None where none runs.

    Raises:
        ToraConfigurationError: It runs on another machine, or its key cannot be read.
    """
    from tora._async.http import Endpoint

    if not rendezvous.is_held(folder):
        return None
    info, key = rendezvous.read(folder), rendezvous.local_key(folder)
    if info is None:
        raise ToraConfigurationError(f"the server of {folder} is starting or ending; try again in a moment")
    if info.host != socket.gethostname():
        raise ToraConfigurationError(f"the server of {folder} runs on {info.host}: run this there")
    if key is None:
        raise ToraConfigurationError(f"{rendezvous.key_path(folder)} cannot be read; run this as the server's own user")
    return Endpoint(info.url, key, local=True)


@asynccontextmanager
async def _asked(endpoint: Endpoint | None) -> AsyncIterator[_Pieces]:
    """Ask a running server, that of the settings where none is given."""
    from tora.cli.remote import connected

    async with (
        connected(config.load(), endpoint) as server,
        server.stream("/backup", silence=SILENCE) as response,
    ):
        if response.content_length is None or response.content_type != "application/x-tar":
            raise ToraAPIError(
                f"{server.url} answered with something else than a backup; is that a Tora server, as new as this tora?",
                status=response.status,
            )
        yield response.content_length, response.content.iter_chunked(_PIECE)


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[_Pieces]:
    """Open the stores of a folder whose server does not run."""
    from tora.server.backup.making import Backups
    from tora.server.catalog import Catalog, CatalogError
    from tora.server.metrics.base import StoreError
    from tora.server.metrics.duckdb import DuckDBMetrics
    from tora.server.ownership import FolderError, owned
    from tora.server.refusals import Refusal

    async def pieces() -> AsyncIterator[bytes]:
        for piece in archive.pieces():
            yield piece

    try:
        with owned(folder):
            async with (
                Catalog.in_file(folder / CATALOG_FILE) as catalog,
                DuckDBMetrics(folder / METRICS_FILE) as metrics,
                Backups(folder, catalog, metrics).made() as archive,
            ):
                yield archive.size, pieces()
    except (FolderError, CatalogError, StoreError, Refusal) as exc:
        raise ToraConfigurationError(str(exc)) from exc


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar of bytes on a terminal, and nothing elsewhere; yield what moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)

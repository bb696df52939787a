"""``tora sync``: send what killed, offline or cut-off processes left in their journals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import typer

from tora import config
from tora.errors import ToraError

if TYPE_CHECKING:
    from tora._async.adoption import Orphan
    from tora._async.http import Endpoint
    from tora.config import Settings

__all__ = ["sync"]


def sync() -> None:
    """Send the metrics that wait in journals of this machine; can be run at any time, and twice.

    Journals of running processes are left alone. Exit code 1 says that something could not be sent.
    """
    import asyncio

    try:
        settings = config.load()
        failed = asyncio.run(_sync(settings))
    except ToraError as exc:
        typer.echo(f"tora sync: {exc}", err=True)
        raise typer.Exit(1) from exc
    if failed:
        raise typer.Exit(1)


async def _sync(settings: Settings) -> int:
    from tora._async.adoption import orphans

    # Those that hold a new experiment come first: others may belong to it.
    found = sorted(orphans(settings.dir), key=lambda orphan: orphan.header.create is None)
    if not found:
        typer.echo(f"Nothing to send: no journal is left in {settings.dir}.")
        return 0
    failed = 0
    with _Bar(sum(orphan.waiting for orphan in found), silent=settings.silent) as bar:
        for orphan in found:
            problem = await _send(orphan, settings, bar.advance)
            failed += problem is not None
            bar.say(_line(orphan, problem))
    return failed


async def _send(orphan: Orphan, settings: Settings, advance: Callable[[int], None]) -> str | None:
    from tora._async.adoption import SendingError, send_orphan

    try:
        await send_orphan(orphan.path, await _endpoint(orphan, settings), advance)
    except (SendingError, ToraError) as exc:
        return str(exc)
    return None


async def _endpoint(orphan: Orphan, settings: Settings) -> Endpoint:
    from tora._async.http import Endpoint
    from tora._async.local import ensure_local_server

    if not orphan.header.server:
        local = await ensure_local_server(settings)
        return Endpoint(local.url, local.api_key, local=True)
    # The user's key goes only to the server that it is configured for.
    key = settings.api_key if settings.server_url == orphan.header.server else None
    return Endpoint(orphan.header.server, key)


def _line(orphan: Orphan, problem: str | None) -> str:
    if problem is None:
        return f"experiment {orphan.header.experiment}: {orphan.waiting:,} metrics sent"
    return f"experiment {orphan.header.experiment}: not sent: {problem} (kept in {orphan.path})"


class _Bar:
    """A progress bar on a terminal, plain lines elsewhere."""

    def __init__(self, total: int, *, silent: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("sending"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=silent,
        )
        self._task = self._progress.add_task("sending", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, count: int) -> None:
        """Note that so many metrics are stored."""
        self._progress.advance(self._task, count)

    def say(self, line: str) -> None:
        """Print what became of one journal."""
        typer.echo(line)

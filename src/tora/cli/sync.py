"""``tora sync``: send what killed, offline or cut-off processes left in their journals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

import typer

from tora import config
from tora.errors import ToraAPIError, ToraError, ToraNetworkError

if TYPE_CHECKING:
    from tora._async.adoption import Found, Orphan
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
    from tora._async.adoption import look_around

    found = look_around(settings.dir)
    for reason in found.strange:
        typer.echo(f"skipped: {reason}", err=True)
    if not found.orphans:
        typer.echo(_nothing(found, settings.dir))
        return len(found.strange)
    waiting = [orphan.waiting() for orphan in found.orphans]
    sending = _Sending(settings)
    with _Bar(sum(waiting), silent=settings.silent) as bar:
        for orphan, count in zip(found.orphans, waiting, strict=True):
            await sending.send(orphan, bar)
            bar.finish(count)
    return len(found.strange) + sending.failed


def _nothing(found: Found, folder: Path) -> str:
    if not found.busy:
        return f"Nothing to send: no journal is left in {folder}."
    theirs = (
        "1 journal belongs to a running process" if found.busy == 1 else f"{found.busy} belong to running processes"
    )
    return f"Nothing to send: no journal is left in {folder} ({theirs})."


class _Sending:
    """Sends journals one after the other and says what became of each."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unreachable: dict[str, str] = {}
        self.failed = 0

    async def send(self, orphan: Orphan, bar: _Bar) -> None:
        from tora._async.adoption import SendingError
        from tora._async.journal import JournalBusyError

        tally = _Tally(bar.advance)
        experiment = orphan.header.experiment
        try:
            where = await self._send(orphan, tally)
        except JournalBusyError as exc:
            bar.say(f"experiment {experiment}: left alone: {exc}")
        except (SendingError, ToraError) as exc:
            self.failed += 1
            before = f"{tally} sent, then stopped" if tally.count else "not sent"
            bar.say(f"experiment {experiment}: {before}: {exc} (kept in {orphan.path})", err=True)
        else:
            # A journal may hold no more than the experiment itself, or how it ended.
            became = f"{tally} sent to {where}" if tally.count else f"{where} is up to date"
            bar.say(f"experiment {experiment}: {became}")

    async def _send(self, orphan: Orphan, tally: _Tally) -> str:
        from tora._async.adoption import send_orphan

        server = orphan.header.server
        if server in self._unreachable:  # each try takes its time, and there may be hundreds
            raise ToraNetworkError(self._unreachable[server])
        try:
            endpoint = await self._endpoint(server)
            await send_orphan(orphan.path, endpoint, tally.add)
        except ToraAPIError:
            raise
        except ToraNetworkError as exc:
            self._unreachable[server] = str(exc)
            raise
        return endpoint.url

    async def _endpoint(self, server: str) -> Endpoint:
        from tora._async.http import Endpoint
        from tora._async.local import ensure_local_server

        if not server:
            local = await ensure_local_server(self._settings)
            return Endpoint(local.url, local.api_key, local=True)
        # The user's key goes only to the server that it is configured for.
        return Endpoint(server, self._settings.api_key if self._settings.server_url == server else None)


class _Tally:
    """Counts the metrics of one journal that were stored."""

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report = report
        self.count = 0

    def add(self, count: int) -> None:
        self.count += count
        self._report(count)

    def __str__(self) -> str:
        return "1 metric" if self.count == 1 else f"{self.count:,} metrics"


class _Bar:
    """A progress bar on a terminal, plain lines elsewhere."""

    def __init__(self, total: int, *, silent: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("sending"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,  # it would go where the bar is, also when it is meant for a file
            disable=silent or not console.is_terminal,
        )
        self._task = self._progress.add_task("sending", total=total)
        self._finished = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, count: int) -> None:
        """Note that so many metrics are stored."""
        self._progress.advance(self._task, count)

    def finish(self, count: int) -> None:
        """Note that a journal of so many lines is done with, whatever became of them."""
        self._finished += count
        self._progress.update(self._task, completed=self._finished)

    def say(self, line: str, *, err: bool = False) -> None:
        """Print what became of one journal, above the bar."""
        self._progress.stop()
        typer.echo(line, err=err)
        self._progress.start()

"""Journals whose owner is gone: what a killed process left is sent by somebody else.

A journal is locked while it is sent, so two who try at once do not meet, and the server tells
repetitions by (writer, sequence number), so it does no harm to send one twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakKeyDictionary

import msgspec
from attrs import field, frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_before_delay

from tora import wire
from tora._async import background
from tora._async.http import Answer, Api, Endpoint
from tora._async.journal import End, Header, Journal, JournalBusyError, JournalError, journal_dir
from tora._async.notices import logger
from tora._async.verdict import RefusedError, TooLargeError, UnavailableError, failure, judge, patience
from tora.errors import ToraAPIError, ToraError, ToraNetworkError, ToraTimeoutError
from tora.types import Status
from tora.validation import MAX_BATCH_METRICS

__all__ = ["Found", "Orphan", "SendingError", "adopt_all", "begin", "look_around", "patiently", "send_orphan"]

READ_BYTES: Final = 512 * 1024  # small, because each line is looked at on the loop, which may be the user's
PATIENCE: Final = 30.0  # seconds that a server may be busy before a journal is left for another time
CONNECTIONS: Final = 4  # tries to reach it at all

Progress = Callable[[int], None]
"""Called with the number of metrics that were just stored."""


class SendingError(Exception):
    """A journal could not be sent to its end; the message says why."""


@frozen
class Orphan:
    """A journal of a writer that is gone.

    Attributes:
        offset: Where what is not known to be stored begins.
    """

    path: Path
    header: Header
    offset: int

    def waiting(self) -> int:
        """Count the lines that are to be sent; this reads the file."""
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(self.offset)
            return sum(chunk.count(b"\n") for chunk in iter(partial(file.read, READ_BYTES), b""))
        return 0


@frozen
class Found:
    """What lies in a folder of journals.

    Attributes:
        orphans: Journals that nobody owns, the oldest first, but before all those that hold a new
            experiment, which others may belong to.
        busy: How many belong to a running process.
        strange: Of each file that cannot be sent, the reason, which names it.
    """

    orphans: list[Orphan] = field(factory=list)
    busy: int = 0
    strange: list[str] = field(factory=list)


def look_around(data_dir: Path, wanted: Callable[[Header], bool] = lambda _: True) -> Found:
    """Look through the journals of a data folder.

    Args:
        data_dir: The folder that ``TORA_DIR`` names.
        wanted: Which orphans to return.
    """
    orphans: list[Orphan] = []
    strange: list[str] = []
    busy = 0
    for path in sorted(journal_dir(data_dir).glob("*.jsonl"), key=_age):
        try:
            journal, _, offset = Journal.open(path)
        except JournalBusyError:
            busy += 1
        except FileNotFoundError:  # it was sent and removed just now
            pass
        except (JournalError, OSError) as exc:
            strange.append(str(exc))
        else:
            journal.close(remove=False)
            if wanted(journal.header):
                orphans.append(Orphan(path, journal.header, offset))
    orphans.sort(key=lambda orphan: orphan.header.create is None)
    return Found(orphans, busy, strange)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was sent and removed just now
        return 0.0


_begun: WeakKeyDictionary[asyncio.AbstractEventLoop, set[tuple[Path, str]]] = WeakKeyDictionary()


def begin(data_dir: Path, endpoint: Endpoint) -> None:
    """Send in the background what was left for a server; once a process, loop, folder and server."""
    loop = asyncio.get_running_loop()
    of_loop = _begun.setdefault(loop, set())
    key = (data_dir, endpoint.url)
    if key not in of_loop:
        of_loop.add(key)
        background.start(adopt_all(data_dir, endpoint), "tora-adoption")


async def adopt_all(data_dir: Path, endpoint: Endpoint) -> None:
    """Send, one after the other, the journals that were left for a server; what fails stays for another time."""
    server = "" if endpoint.local else endpoint.url
    found = await asyncio.to_thread(look_around, data_dir, lambda header: header.server == server)
    for reason in found.strange:
        logger.warning("Tora: a journal was skipped: %s", reason)
    for orphan in found.orphans:
        try:
            sent = await send_orphan(orphan.path, endpoint)
        except (JournalBusyError, SendingError) as exc:
            logger.debug("the journal %s was not sent: %s", orphan.path, exc)
        except ToraError as exc:
            logger.debug("the journals for %s were not sent: %s", endpoint.url, exc)
            return
        else:
            logger.info("sent %d metrics that an earlier process left in %s", sent, orphan.path)


async def send_orphan(path: Path, endpoint: Endpoint, progress: Progress = lambda _: None) -> int:
    """Send a journal, remove it when all of it is stored, and return how many metrics were sent.

    Raises:
        JournalBusyError: Another process sends it, or has sent it.
        SendingError: The server refused something, or the file cannot be used; what was stored by then is noted.
        ToraNetworkError: The server cannot be reached.
    """
    try:
        journal, count, offset = Journal.open(path)
    except FileNotFoundError:
        raise JournalBusyError(f"{path} was sent and removed by another process") from None
    except JournalBusyError:
        raise
    except (JournalError, OSError) as exc:
        raise SendingError(str(exc)) from exc
    api = Api(_as_writer(endpoint, journal.header))
    try:
        sender = _Sender(journal, api, count, offset, progress)
        await sender.send_all()
        _remove(journal)
        return sender.sent
    finally:
        journal.close(remove=False)
        await api.close()


def _remove(journal: Journal) -> None:
    try:
        journal.close(remove=True)
    except OSError as exc:
        raise SendingError(f"all of it was sent, but the file cannot be removed: {exc}") from exc


def _as_writer(endpoint: Endpoint, header: Header) -> Endpoint:
    return endpoint if endpoint.key or not header.token else Endpoint(endpoint.url, header.token, endpoint.local)


class _Sender:
    """Sends one open journal from where its owner came to."""

    def __init__(self, journal: Journal, api: Api, count: int, offset: int, progress: Progress) -> None:
        self._journal = journal
        self._api = api
        self._header = journal.header
        self._count = count
        self._offset = offset
        self._progress = progress
        self._most = MAX_BATCH_METRICS
        self.sent = 0

    async def send_all(self) -> None:
        if self._header.create is not None:
            await self._create(self._header.create)
        # Without a word of its own the writer was killed: it shows as lost at once, not in two minutes.
        status: Status = "lost"
        while lines := self._read():
            while lines:
                kind, run = _first_run(lines, self._most)
                if kind is wire.MetricRecord:
                    run = run[: await self._send(run)]
                elif kind is End:
                    status = msgspec.json.decode(run[-1], type=End).end
                else:
                    logger.warning("Tora: %d damaged lines of %s were skipped", len(run), self._journal.path)
                self._advance(run)
                del lines[: len(run)]
        await self._say_the_end(status)

    async def _say_the_end(self, status: Status) -> None:
        sign = partial(self._api.heartbeat, self._header.experiment, self._header.writer, status)
        try:
            await patiently(partial(sign, self._header.labels))
        except SendingError as exc:
            if not (self._header.labels and isinstance(exc.__cause__, RefusedError)):
                raise
            await patiently(sign)  # an older server knows no labels

    def _read(self) -> list[bytes]:
        try:
            return self._journal.read(self._offset, READ_BYTES).splitlines(keepends=True)
        except OSError as exc:
            raise SendingError(f"the file cannot be read: {exc}") from exc

    async def _send(self, lines: list[bytes]) -> int:
        """Send the first of some lines and return how many the server took."""
        while True:
            part = lines[: self._most]
            body = wire.batch_body(self._header.writer, self._header.first_seq + self._count, b"".join(part))
            try:
                await patiently(partial(self._api.send_batch, self._header.experiment, body))
            except TooLargeError as exc:
                if len(part) == 1:
                    raise SendingError(str(exc)) from exc
                self._most = len(part) // 2
            else:
                self.sent += len(part)
                self._progress(len(part))
                return len(part)

    def _advance(self, lines: list[bytes]) -> None:
        self._count += len(lines)
        self._offset += sum(map(len, lines))
        with contextlib.suppress(OSError):  # on a full disk; who sends it next repeats something
            self._journal.acknowledge(self._count, self._offset)

    async def _create(self, body: dict[str, Any]) -> None:
        # In its writer's name, who owns the experiment; the other calls are no sign of that writer's life.
        self._api.writer = self._header.writer
        context = body.get("context")
        body = {name: value for name, value in body.items() if name != "context"}
        await patiently(partial(self._api.call, "POST", "/experiments", wire.encode(body)))
        if context:
            path = f"/experiments/{quote(self._header.experiment, safe='')}"
            with contextlib.suppress(SendingError):  # an older server knows none, and has the experiment all the same
                await patiently(partial(self._api.call, "PATCH", path, wire.encode({"context": context})))
        self._api.writer = None


async def patiently(call: Callable[[], Awaitable[Answer]]) -> None:
    """Make a call until the server takes it, refuses it, or has been waited for long enough."""
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            stop=_is_enough,
            wait=patience,
            reraise=True,
        ):
            with attempt:
                judge(await call())
    except (RefusedError, UnavailableError) as exc:
        raise SendingError(str(exc)) from exc


def _may_pass(exc: BaseException) -> bool:
    return isinstance(exc, UnavailableError) or (
        isinstance(exc, ToraNetworkError) and not isinstance(exc, (ToraTimeoutError, ToraAPIError))
    )


def _is_enough(state: RetryCallState) -> bool:
    if isinstance(failure(state), ToraNetworkError):
        return state.attempt_number >= CONNECTIONS
    return stop_before_delay(PATIENCE)(state)


def _first_run(lines: list[bytes], most: int) -> tuple[type | None, list[bytes]]:
    """Return the first lines of one kind, and which: metrics, an end, or None for damaged ones."""
    kind = _kind(lines[0])
    end = 1
    while end < min(len(lines), most) and _kind(lines[end]) is kind:
        end += 1
    return kind, lines[:end]


def _kind(line: bytes) -> type | None:
    for kind in (wire.MetricRecord, End):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            msgspec.json.decode(line, type=kind)
            return kind
    return None

"""Journals whose owner is gone: what a killed process left is sent by somebody else.

A journal is locked while it is sent, so two who try at once do not meet, and the server tells
repetitions by (writer, sequence number), so it does no harm to send one twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
from attrs import frozen

from tora import wire
from tora._async.http import Api, Endpoint, refusal
from tora._async.journal import End, Header, Journal, JournalBusyError, JournalError, journal_dir
from tora._async.notices import logger
from tora.errors import ToraError
from tora.types import Status
from tora.validation import MAX_BATCH_BYTES, MAX_BATCH_METRICS

__all__ = ["Orphan", "SendingError", "adopt_all", "begin", "orphans", "send_orphan"]

BODY_BYTES: Final = MAX_BATCH_BYTES // 2

Progress = Callable[[int], None]
"""Called with the number of metrics that were just stored."""


class SendingError(Exception):
    """A journal could not be sent to its end; the message says why."""


@frozen
class Orphan:
    """A journal of a writer that is gone.

    Attributes:
        waiting: How many of its metrics are not known to be stored.
    """

    path: Path
    header: Header
    waiting: int


def orphans(data_dir: Path, wanted: Callable[[Header], bool] = lambda _: True) -> Iterator[Orphan]:
    """Yield the journals that nobody owns, the oldest first; warn once of each file that is none.

    Args:
        data_dir: The folder that ``TORA_DIR`` names.
        wanted: Which journals to look at.
    """
    for path in sorted(journal_dir(data_dir).glob("*.jsonl"), key=_age):
        try:
            journal, _, offset = Journal.open(path)
        except (JournalBusyError, FileNotFoundError):
            continue
        except (JournalError, OSError) as exc:
            logger.warning("Tora: a journal was skipped: %s", exc)
            continue
        try:
            if wanted(journal.header):
                yield Orphan(path, journal.header, journal.count(offset))
        finally:
            journal.close(remove=False)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was sent and removed just now
        return 0.0


_begun: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[Path, str], asyncio.Task[None]]] = WeakKeyDictionary()


def begin(data_dir: Path, endpoint: Endpoint) -> None:
    """Send in the background what was left for a server; once a process, loop, folder and server."""
    loop = asyncio.get_running_loop()
    of_loop = _begun.setdefault(loop, {})
    key = (data_dir, endpoint.url)
    if key not in of_loop:
        of_loop[key] = loop.create_task(adopt_all(data_dir, endpoint), name="tora-adoption")


async def adopt_all(data_dir: Path, endpoint: Endpoint) -> None:
    """Send, one after the other, the journals that were left for a server; what fails stays for another time."""
    server = "" if endpoint.local else endpoint.url
    found = await asyncio.to_thread(lambda: list(orphans(data_dir, lambda header: header.server == server)))
    for orphan in sorted(found, key=lambda orphan: orphan.header.create is None):
        try:
            sent = await send_orphan(orphan.path, endpoint)
        except (SendingError, ToraError) as exc:
            logger.debug("the journal %s was not sent: %s", orphan.path, exc)
        else:
            logger.info("sent %d metrics that an earlier process left in %s", sent, orphan.path)


async def send_orphan(path: Path, endpoint: Endpoint, progress: Progress = lambda _: None) -> int:
    """Send a journal, remove it when all of it is stored, and return how many metrics were sent.

    Raises:
        SendingError: The server refused something; what was stored by then is noted.
        ToraNetworkError: The server cannot be reached.
    """
    try:
        journal, count, offset = Journal.open(path)
    except (JournalBusyError, FileNotFoundError):
        return 0
    except (JournalError, OSError) as exc:
        raise SendingError(str(exc)) from exc
    done = False
    api = Api(_as_writer(endpoint, journal.header))
    try:
        sender = _Sender(journal, api, count, offset, progress)
        await sender.send_all()
        done = True
        return sender.sent
    finally:
        journal.close(remove=done)
        await api.close()


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
        while lines := self._journal.read(self._offset, BODY_BYTES):
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
        await self._api.heartbeat(self._header.experiment, self._header.writer, status)

    async def _send(self, lines: list[bytes]) -> int:
        """Send the first of some lines and return how many the server took."""
        while True:
            body = wire.batch_body(self._header.writer, self._header.first_seq + self._count, lines[: self._most])
            answer = await self._api.send_batch(self._header.experiment, body)
            if answer.ok:
                count = min(len(lines), self._most)
                self.sent += count
                self._progress(count)
                return count
            if answer.status != 413 or self._most == 1:
                raise SendingError(str(refusal(answer)))
            self._most = max(1, min(len(lines), self._most) // 2)

    def _advance(self, lines: list[bytes]) -> None:
        self._count += len(lines)
        self._offset += sum(map(len, lines))
        self._journal.acknowledge(self._count, self._offset)

    async def _create(self, body: dict[str, Any]) -> None:
        # In its writer's name, who owns the experiment; the other calls are no sign of that writer's life.
        self._api.writer = self._header.writer
        answer = await self._api.call("POST", "/experiments", wire.encode(body))
        self._api.writer = None
        if not answer.ok:
            raise SendingError(str(refusal(answer)))


def _first_run(lines: list[bytes], most: int) -> tuple[type | None, list[bytes]]:
    """Return the first lines of one kind, and which: metrics, an end, or None for damaged ones."""
    kind = _kind(lines[0])
    end = 1
    while end < min(len(lines), most) and _kind(lines[end]) is kind:
        end += 1
    return kind, lines[:end]


def _kind(line: bytes) -> type | None:
    for kind in (wire.MetricRecord, End):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            msgspec.json.decode(line, type=kind)
            return kind
    return None

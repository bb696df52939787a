"""The journal: one append-only file of JSON lines a writer, so that no metric dies with its process.

The first line is the header: which server, experiment and writer the file belongs to, and the
sequence number of the first metric. Every further line is one metric as the wire has it, so a
metric's sequence number follows from its place; a writer that ended with metrics still waiting says
how it ended in a last line. Beside ``<writer>.jsonl`` lies ``<writer>.ack``: how
many of the metrics the server has acknowledged, and where in the file the next one begins; after a
crash between the server's acknowledgement and that note, metrics are sent twice and the server
recognises them by (writer, sequence number).

What it cannot do: a write survives the process, not a power cut, because nothing is synced to the
disk on the way; the server is the durable place.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from attrs import evolve, field, frozen

from tora.types import Status

__all__ = ["End", "Header", "Journal", "JournalBusyError", "JournalError", "end_line", "journal_dir"]

VERSION: Final = 1
_ACK_BYTES: Final = 42  # two zero-padded 20-digit numbers, a blank between them and a line end
_READ_BYTES: Final = 1024 * 1024


class JournalError(Exception):
    """A file that is no journal, or one of a newer version; the message names it and says why."""


class JournalBusyError(JournalError):
    """The journal's owner is alive."""


@frozen
class Header:
    """Who wrote a journal, and for whom.

    Attributes:
        server: The server's address; "" means the local server of the folder the journal lies in.
        experiment: The experiment's id.
        writer: The writer's id.
        first_seq: The sequence number of the first metric in the file.
        token: The experiment's append-only write token, never a user's key.
        create: The body that creates the experiment, where no server has been asked yet.
        labels: What the writer is among the others; None where it has no labels.
        tora: The version of the file's format.
    """

    server: str
    experiment: str
    writer: str
    first_seq: int = 1
    token: str | None = None
    create: dict[str, Any] | None = None
    labels: dict[str, str] | None = None
    tora: int = field(default=VERSION)


def journal_dir(data_dir: Path) -> Path:
    """Return where the journals of a data folder are."""
    return data_dir / "journal"


@frozen
class End:
    """What the last line says, where there is one."""

    end: Status


class Journal:
    """An open journal, locked by this process. Not thread-safe: `MetricBuffer` guards it.

    Attributes:
        header: The header as it stands in the file.
        fd: The open file, in append mode.
        end: Where the last whole line ends; what lies beyond is a torn write.
    """

    def __init__(self, path: Path, header: Header, fd: int, ack_fd: int, end: int) -> None:
        self.path = path
        self.header = header
        self.fd = fd
        self.end = end
        self._ack_fd = ack_fd

    @classmethod
    def create(cls, folder: Path, header: Header) -> Self:
        """Create the journal of a new writer.

        Raises:
            OSError: The folder or the file cannot be written.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{header.writer}.jsonl"
        beginning = _encode_header(header)
        journal = cls(path, header, _put_in_place(path, beginning), -1, len(beginning))
        try:
            journal._ack_fd = _open_ack(path)
            journal.acknowledge(0, journal.end)
        except BaseException:
            journal.close(remove=True)
            raise
        return journal

    @classmethod
    def open(cls, path: Path) -> tuple[Self, int, int]:
        """Open the journal of a writer that is gone; give the number acknowledged and the next offset.

        Raises:
            JournalBusyError: Its owner is alive, or somebody else is sending it.
            JournalError: The file is no journal, or of a newer version.
            OSError: The file cannot be opened.
        """
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            _lock(path, fd)
            header, body = _read_header(path, fd)
            journal = cls(path, header, fd, -1, os.fstat(fd).st_size)
            journal._ack_fd = _open_ack(path)
        except BaseException:
            os.close(fd)
            raise
        count, offset = _read_ack(journal._ack_fd)
        if not body <= offset <= journal.end or _previous_byte(fd, offset) != b"\n":
            count, offset = 0, body  # no note, or one that a crash left: the server sorts out repetitions
        return journal, count, offset

    def append(self, data: bytes) -> None:
        """Append whole lines with one write.

        Raises:
            OSError: They could not be written whole; the file is as it was.
        """
        try:
            written = os.write(self.fd, data)
        except OSError:
            self.trim()
            raise
        if written != len(data):
            self.trim()
            raise _full(self.path)
        self.end += written

    def trim(self) -> None:
        """Cut off what a write left behind that did not come to its end."""
        if self.fd >= 0:
            os.ftruncate(self.fd, self.end)

    def read(self, offset: int, limit: int = _READ_BYTES) -> bytes:
        """Return the whole lines from an offset on, at least one if there is one, of about `limit` bytes."""
        data = os.pread(self.fd, limit, offset)
        while data and b"\n" not in data:
            more = os.pread(self.fd, limit, offset + len(data))
            if not more:
                return b""  # a torn last line
            data += more
            if b"\n" in more:
                return data[: data.index(b"\n") + 1]
        return data[: data.rfind(b"\n") + 1]

    def count(self, offset: int) -> int:
        """Return how many whole lines there are from an offset on."""
        found = 0
        while data := os.pread(self.fd, _READ_BYTES, offset):
            found += data.count(b"\n")
            offset += len(data)
        return found

    def acknowledge(self, count: int, offset: int) -> None:
        """Note that so many metrics of the file are stored, and where the next one begins."""
        os.pwrite(self._ack_fd, b"%020d %020d\n" % (count, offset), 0)

    def rewind(self, first_seq: int) -> None:
        """Empty the file, all of which is acknowledged; the next metric will have this number."""
        # A crash between these steps leaves an empty file, or one whose note lies beyond its end.
        # It is not replaced, as in `shorten`: on a full disk that could not be done.
        os.ftruncate(self.fd, 0)
        self.end = 0
        header = evolve(self.header, first_seq=first_seq)
        self.append(_encode_header(header))
        self.header = header
        self.acknowledge(0, self.end)

    def shorten(self, first_seq: int, offset: int) -> None:
        """Drop what lies before an offset, all of which is acknowledged; the metric there has this number.

        Raises:
            OSError: There is no room for a copy of the rest; the file is as it was.
        """
        header = evolve(self.header, first_seq=first_seq)
        content = _encode_header(header) + os.pread(self.fd, self.end - offset, offset)
        # A crash behind this leaves the new file with the old note, which lies beyond its end.
        fd = _put_in_place(self.path, content)
        os.dup2(fd, self.fd, inheritable=False)  # whoever holds the number goes on, with the new file
        os.close(fd)
        self.header = header
        self.end = len(content)
        self.acknowledge(0, self.body)

    def close(self, *, remove: bool) -> None:
        """Close the file, and remove it when nothing in it is needed any more."""
        if remove and self.fd >= 0:
            self.path.unlink(missing_ok=True)
            self.path.with_suffix(".ack").unlink(missing_ok=True)
        for fd in (self.fd, self._ack_fd):
            if fd >= 0:
                os.close(fd)
        self.fd = self._ack_fd = -1

    @property
    def body(self) -> int:
        """Where the first metric begins."""
        return len(_encode_header(self.header))


def end_line(status: Status) -> bytes:
    """Return the last line of a writer that ended in good order, with metrics still waiting."""
    return msgspec.json.encode(End(status)) + b"\n"


def _put_in_place(path: Path, content: bytes) -> int:
    """Make a file appear at once whole and locked, so that nobody takes it for one that was left behind."""
    beside = path.with_suffix(".new")
    # O_APPEND keeps every write whole and at the end; 0600 because names and values are private.
    fd = os.open(beside, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.write(fd, content) != len(content):
            raise _full(path)  # noqa: TRY301  # as the system would have
        beside.rename(path)
    except BaseException:
        os.close(fd)
        beside.unlink(missing_ok=True)
        raise
    return fd


def _full(path: Path) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _lock(path: Path, fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalBusyError(f"{path} is in use by a running process") from None
    if os.fstat(fd).st_nlink == 0:
        raise JournalBusyError(f"{path} was sent and removed by another process")


def _encode_header(header: Header) -> bytes:
    return msgspec.json.encode(header) + b"\n"


def _read_header(path: Path, fd: int) -> tuple[Header, int]:
    first = b""
    while b"\n" not in first:
        more = os.pread(fd, _READ_BYTES, len(first))
        if not more:
            break
        first += more
    line, end, _ = first.partition(b"\n")
    if not end:
        raise JournalError(f"{path} is {'empty' if not line else 'cut off in its first line'}")
    try:
        version = msgspec.json.decode(line, type=dict[str, Any]).get("tora")
        if isinstance(version, int) and version > VERSION:
            raise JournalError(f"{path} was written by a newer Tora (format {version}); update Tora to send it")
        header = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise JournalError(f"{path} is no Tora journal: {exc}") from exc
    return header, len(line) + 1


def _open_ack(path: Path) -> int:
    return os.open(path.with_suffix(".ack"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _read_ack(fd: int) -> tuple[int, int]:
    note = os.pread(fd, _ACK_BYTES, 0).split()
    if len(note) != 2 or not all(part.isdigit() for part in note):
        return 0, -1
    return int(note[0]), int(note[1])


def _previous_byte(fd: int, offset: int) -> bytes:
    return os.pread(fd, 1, offset - 1)

"""What a client has accepted and the server has not yet acknowledged.

    append() ──> journal file     all that waits, in order
                   window         its beginning, also in memory, ready to be sent
                   spilled        the rest, in the file alone
             ──> unsaved          in memory, bounded: what the journal could not take

Metrics are numbered from 1 without a gap in the order of their acceptance. `append` may be called by
any thread, from a signal handler and from a finalizer; the methods under "the way out" belong to
the delivery task.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

from attrs import frozen

from tora._async.journal import Journal, end_line
from tora.errors import ToraMetricError
from tora.models import Stats
from tora.types import Status

__all__ = ["MetricBuffer", "Waiting"]

WINDOW_BYTES: Final = 8 * 1024 * 1024
UNSAVED_BYTES: Final = 32 * 1024 * 1024
REWIND_BYTES: Final = 1024 * 1024
NEVER: Final = 2**63
_CLOSED_FD: Final = -1  # a write to it fails, which leads off the fast path


@frozen
class Waiting:
    """Metrics to send next.

    Attributes:
        first_seq: The number of the first; the others follow without a gap.
        lines: The encoded metrics, each with its line end.
    """

    first_seq: int
    lines: list[bytes]


class MetricBuffer:
    """A thread-safe queue of encoded metrics with bounded memory.

    Args:
        open_journal: Creates the journal whose first metric has the given number. It is called at the
            first metric, so that a process which never logs leaves no file; None means no journal.
        wake: Called, by whichever thread, when as many metrics wait as `arm` asked for.
    """

    def __init__(self, open_journal: Callable[[int], Journal] | None, wake: Callable[[], None]) -> None:
        # Re-entrant, because a signal handler may log while its own thread is inside append().
        self._lock = threading.RLock()
        self._busy = False
        self._late: deque[bytes] = deque()
        self._wake = wake
        self._alarm = NEVER
        self._open_journal = open_journal
        self._journal: Journal | None = None
        self._fd = _CLOSED_FD
        self._closed = False
        self._window: deque[bytes] = deque()
        self._window_bytes = 0
        self._window_offset = 0  # where in the file the window begins
        self._spilled = 0
        self._unsaved: deque[bytes] = deque()
        self._unsaved_bytes = 0
        self._numbered = 0
        self._stored = 0
        self._refused = 0  # numbered, then given up: a server takes it not even alone
        self._dropped = 0  # never numbered
        self.trouble: OSError | None = None

    # --- The way in -------------------------------------------------------------------------------

    def append(self, line: bytes) -> None:
        """Accept one metric; once this returns it survives the process. Never waits for the network.

        Raises:
            ToraMetricError: The buffer is closed.
        """
        with self._lock:
            if self._busy:
                self._late.append(line)
                return
            self._busy = True
            try:
                self._accept(line)
                while self._late:
                    self._accept(self._late.popleft())
            finally:
                self._busy = False
            if self._numbered < self._alarm:
                return
            self._alarm = NEVER
        self._wake()

    def _accept(self, line: bytes) -> None:
        size = len(line)
        try:
            if os.write(self._fd, line) != size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301  # as the system would have
            # From here to the last statement nothing is called, so no signal handler can cut it short.
            self._journal.end += size  # type: ignore[union-attr]  # the file that was written is open
            self._numbered += 1
            if self._spilled or self._window_bytes >= WINDOW_BYTES:
                self._spilled += 1
            else:
                self._window_bytes += size
                self._window.append(line)
        except OSError as exc:
            self._accept_without_journal(line, exc)
        except BaseException:
            # KeyboardInterrupt out of a signal handler: before the write, or between it and the count.
            self._count_if_written(size)
            raise

    def _count_if_written(self, size: int) -> None:
        journal = self._journal
        if journal is not None and self._fd >= 0 and os.fstat(self._fd).st_size == journal.end + size:
            journal.end += size
            self._numbered += 1
            self._spilled += 1  # it is read back from the file in its turn

    def _accept_without_journal(self, line: bytes, exc: OSError) -> None:
        if self._closed:
            raise ToraMetricError("cannot log to a closed client; create or load an experiment again") from None
        if self._open_journal is not None and self.trouble is None:
            if self._journal is None:
                try:
                    self.open()
                except OSError as reason:
                    exc = reason
                else:
                    self._accept(line)
                    return
            self._stop_writing(exc)
        if self._unsaved_bytes >= UNSAVED_BYTES:
            self._dropped += 1
            return
        self._numbered += 1
        self._unsaved_bytes += len(line)
        self._unsaved.append(line)

    def _stop_writing(self, exc: OSError) -> None:
        self.trouble = exc
        self._fd = _CLOSED_FD
        self._alarm = 0  # the delivery task warns, and tries to recover
        if self._journal is not None:
            with contextlib.suppress(OSError):
                self._journal.trim()

    def open(self) -> None:
        """Create the journal now, instead of at the first metric.

        Raises:
            OSError: The folder or the file cannot be written.
        """
        with self._lock:
            if self._journal is None and self._open_journal is not None:
                self._journal = self._open_journal(self._numbered - len(self._unsaved) + 1)
                self._window_offset = self._journal.end
                self._fd = self._journal.fd

    # --- The way out ------------------------------------------------------------------------------

    def arm(self, count: int) -> bool:
        """Ask to be woken once so many metrics wait; True, without asking, when they do already."""
        with self._lock:
            alarm = self._done + count
            if self._numbered >= alarm:
                return True
            self._alarm = alarm
            return False

    def peek(self, most: int, most_bytes: int) -> Waiting | None:
        """Return the next metrics to send, at most so many of at most so many bytes, but at least one.

        Raises:
            OSError: The journal cannot be read back.
        """
        self._read_back()
        with self._lock:
            lines: list[bytes] = []
            size = 0
            for line in islice(self._window or self._unsaved, most):
                size += len(line)
                if size > most_bytes and lines:
                    break
                lines.append(line)
            return Waiting(self._done + 1, lines) if lines else None

    def _read_back(self) -> None:
        # Outside the lock: the file only grows, and nobody else moves the window.
        if self._window or not self._spilled or self._journal is None:
            return
        lines = self._journal.read(self._window_offset)
        with self._lock:
            del lines[self._spilled :]
            self._window.extend(lines)
            self._window_bytes = sum(map(len, lines))
            self._spilled -= len(lines)

    def acknowledge(self, count: int) -> None:
        """Forget the next metrics to send: the server has them."""
        with self._lock:
            self._stored += count
            self._forget(count)

    def give_up(self, count: int) -> None:
        """Forget the next metrics to send: no server will take them."""
        with self._lock:
            self._refused += count
            self._forget(count)

    def _forget(self, count: int) -> None:
        if not self._window:
            self._unsaved_bytes -= sum(len(self._unsaved.popleft()) for _ in range(count))
            return
        size = sum(len(self._window.popleft()) for _ in range(count))
        self._window_bytes -= size
        self._window_offset += size
        if self._journal is None:
            return
        try:
            self._note_progress(self._journal)
        except OSError as exc:
            self._stop_writing(exc)

    def _note_progress(self, journal: Journal) -> None:
        if journal.end > REWIND_BYTES and not self._window and not self._spilled:
            journal.rewind(self._done + 1)
            self._window_offset = journal.end
        else:
            journal.acknowledge(self._done + 1 - journal.header.first_seq, self._window_offset)

    def recover(self) -> bool:
        """Try to write to the journal what only memory holds; True once the journal works again."""
        with self._lock:
            if self.trouble is None:
                return False
            try:
                self._save_unsaved()
            except OSError:
                return False
            self.trouble = None
            return True

    def _save_unsaved(self) -> None:
        if self._journal is None:
            self.open()
        elif not self._window and not self._spilled:
            self._journal.rewind(self._numbered - len(self._unsaved) + 1)
            self._window_offset = self._journal.end
        assert self._journal is not None  # noqa: S101  # there is no trouble where no journal is wanted
        self._journal.append(b"".join(self._unsaved))
        self._spilled += len(self._unsaved)
        self._unsaved.clear()
        self._unsaved_bytes = 0
        self._fd = self._journal.fd

    def refuse(self) -> None:
        """Accept no further metrics; what waits can still be sent."""
        with self._lock:
            self._closed = True
            self._fd = _CLOSED_FD

    def close(self, status: Status, *, keep: bool = False) -> None:
        """Close the journal, which goes when nothing in it waits, and stays for ``tora sync`` otherwise.

        Args:
            status: How the writer ended, for whoever sends the journal.
            keep: The journal stays even so: it holds an experiment that no server has seen.
        """
        with self._lock:
            self.refuse()
            if self._journal is None:
                return
            keep = keep or bool(self._window or self._spilled)
            if keep:
                with contextlib.suppress(OSError):  # on a full disk the metrics matter, the word does not
                    self._journal.append(end_line(status))
            self._journal.close(remove=not keep)

    def abandon(self) -> None:
        """Let go of the journal in a forked child: it is the parent's."""
        if self._journal is not None:
            self._journal.close(remove=False)

    # --- What is where ----------------------------------------------------------------------------

    @property
    def _done(self) -> int:
        return self._stored + self._refused

    @property
    def logged(self) -> int:
        """How many metrics were accepted."""
        return self._numbered + self._dropped

    @property
    def done(self) -> int:
        """How many metrics need no further sending."""
        return self._stored + self._refused + self._dropped

    @property
    def waiting(self) -> int:
        """How many metrics are not acknowledged."""
        return self._numbered - self._done

    @property
    def journal_path(self) -> str | None:
        """Where the waiting metrics lie; None when there is no journal."""
        return None if self._journal is None else str(self._journal.path)

    def stats(self, error: str | None) -> Stats:
        """Return the sums, taken at one moment."""
        with self._lock:
            return Stats(
                logged=self.logged,
                stored=self._stored,
                waiting=self.waiting,
                dropped=self._dropped + self._refused,
                error=error,
            )

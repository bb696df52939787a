"""What a client has accepted and the server has not yet acknowledged.

    append() ──> journal file     all that waits, in order
                   window         its beginning, also in memory, ready to be sent
                   spilled        the rest, in the file alone
             ──> unsaved          in memory, bounded: what the journal could not take

Metrics are numbered from 1 without a gap in the order of their acceptance. `append` may be called by
any thread, from a signal handler and from a finalizer; the methods under "the way out" belong to
the delivery task.

The two sides share no lock that the delivery task would wait for without a limit: a signal handler
that interrupts append() may itself wait for the delivery task, in flush() or shutdown(). So each
number below has one side that changes it and another that only reads it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
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
PIECE_BYTES: Final = 64 * 1024  # written at once when the journal works again: a disk may have room for a part
PIECE_METRICS: Final = 1000
REWIND_BYTES: Final = 1024 * 1024  # a file of this size is emptied once all of it is acknowledged
SHORTEN_BYTES: Final = 16 * 1024 * 1024  # so much that is acknowledged is cut off while little waits behind it
TIDY_SECONDS: Final = 0.05
CLOSE_SECONDS: Final = 1.0
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

    Attributes:
        trouble: Why the journal cannot be written; None while it can.
    """

    def __init__(self, open_journal: Callable[[int], Journal] | None, wake: Callable[[], None]) -> None:
        # Whoever holds it may write to the file. Re-entrant, because a signal handler may log while its own
        # thread is inside append(); `_busy` then leads the handler's metric to `_late`.
        self._door = threading.RLock()
        self._busy = False
        self._late: deque[bytes] = deque()
        self._open_journal = open_journal
        self._journal: Journal | None = None
        self._wake = wake
        self._alarm = NEVER
        self._closed = False
        self.trouble: OSError | None = None
        self._window: deque[bytes] = deque()
        self._unsaved: deque[bytes] = deque()
        # Changed by who holds the door.
        self._fd = _CLOSED_FD
        self._uncounted = 0  # the size of a line that may have been written, when an exception came in between
        self._numbered = 0
        self._dropped = 0  # never numbered
        self._window_in = 0  # bytes
        self._spilled_in = 0  # metrics
        self._unsaved_in = 0  # bytes
        # Changed by the delivery task.
        self._stored = 0
        self._refused = 0  # numbered, then given up: no server takes it, or it is lost with the process
        self._window_out = 0
        self._window_offset = 0  # where in the file the window begins
        self._spilled_out = 0
        self._unsaved_out = 0

    # --- The way in -------------------------------------------------------------------------------

    def append(self, line: bytes) -> None:
        """Accept one metric; once this returns it survives the process. Never waits for the network.

        Raises:
            ToraMetricError: The buffer is closed.
        """
        with self._door:
            if self._busy:
                self._late.append(line)
                return
            self._busy = True
            try:
                self._accept(line)
            finally:
                if self._late:
                    self._leave()
                else:
                    self._busy = False
            if self._numbered < self._alarm:
                return
            self._alarm = NEVER
        self._wake()

    def _leave(self) -> None:
        try:
            while self._late:
                self._accept_late()
        finally:
            self._busy = False

    def _accept_late(self) -> None:
        before = self._numbered + self._dropped
        try:
            self._accept(self._late[0])
        except ToraMetricError:
            self._dropped += 1  # whoever logged it has gone on, and was told nothing
        finally:
            # Kept for the next time when a further signal came before it was accepted.
            if self._numbered + self._dropped != before:
                self._late.popleft()

    def _accept(self, line: bytes) -> None:
        size = len(line)
        try:
            if os.write(self._fd, line) != size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301  # as the system would have
            # From here to the last call no other is made, so that no signal handler and no other thread
            # comes in between: the interpreter lets them in at calls.
            self._journal.end += size  # type: ignore[union-attr]  # the file that was written is open
            self._numbered += 1
            if self._spilled_in > self._spilled_out or self._window_in - self._window_out >= WINDOW_BYTES:
                self._spilled_in += 1
            else:
                self._window_in += size
                self._window.append(line)
        except OSError as exc:
            self._accept_without_journal(line, exc)
        except BaseException:
            # KeyboardInterrupt out of a signal handler: before the write, between it and the count, or behind.
            # A second one may cut this short too, so the file is closed to others until it is settled.
            self._uncounted = size
            self._fd = _CLOSED_FD
            self._settle()
            raise

    def _settle(self) -> None:
        """Make the count agree with the file."""
        journal = self._journal
        if journal is None:
            return
        if self._uncounted and os.fstat(journal.fd).st_size == journal.end + self._uncounted:
            # As in _accept: no call in between.
            journal.end += self._uncounted
            self._numbered += 1
            self._spilled_in += 1  # it is read back from the file in its turn
        elif self._uncounted:
            journal.trim()
        self._uncounted = 0
        self._use(journal)

    def _use(self, journal: Journal) -> None:
        if self.trouble is None and not self._closed:
            self._fd = journal.fd

    def _accept_without_journal(self, line: bytes, exc: OSError) -> None:
        if self._closed:
            raise ToraMetricError("cannot log to a closed client; create or load an experiment again") from None
        if self._open_journal is not None and self.trouble is None:
            try:
                self._make_ready(exc)
            except OSError as reason:
                self._stop_writing(reason)
            else:
                self._accept(line)
                return
        self._keep_in_memory(line, len(line))

    def _make_ready(self, exc: OSError) -> None:
        if self._journal is None:
            self._begin_journal()
        elif self._fd == _CLOSED_FD:  # an exception came in between before
            self._settle()
        else:
            raise exc

    def _keep_in_memory(self, line: bytes, size: int) -> None:
        if self._unsaved_in - self._unsaved_out >= UNSAVED_BYTES:
            self._dropped += 1
            if self._dropped == 1:
                self._alarm = 0  # the delivery task warns
            return
        # As in _accept: the one call comes last.
        self._numbered += 1
        self._unsaved_in += size
        self._unsaved.append(line)

    def _stop_writing(self, exc: OSError) -> None:
        self.trouble = exc
        self._fd = _CLOSED_FD
        self._alarm = 0  # the delivery task warns, and tries to recover
        if self._journal is not None:
            with contextlib.suppress(OSError):  # recover() does it again
                self._journal.trim()

    def open(self) -> None:
        """Create the journal now, instead of at the first metric.

        Raises:
            OSError: The folder or the file cannot be written.
        """
        with self._door:
            self._begin_journal()

    def _begin_journal(self) -> None:
        if self._journal is None and self._open_journal is not None:
            journal = self._open_journal(self.done + 1)
            self._window_offset = journal.end
            self._journal = journal
            self._use(journal)

    # --- The way out ------------------------------------------------------------------------------

    def arm(self, count: int) -> bool:
        """Ask to be woken once so many metrics wait; True when they do already."""
        alarm = self._stored + self._refused + count
        self._alarm = alarm  # first: a metric that comes now is seen here, or sees this
        if self._numbered < alarm:
            return False
        self._alarm = NEVER
        return True

    def peek(self, most: int, most_bytes: int) -> Waiting | None:
        """Return the next metrics to send, at most so many of at most so many bytes, but at least one.

        Raises:
            OSError: The journal cannot be read back.
        """
        # Looked at first: whatever the journal took was logged before anything that is only in memory.
        in_memory = bool(self._unsaved)
        self._read_back()
        lines = _first(self._unsaved if in_memory and not self._window else self._window, most, most_bytes)
        return Waiting(self.done + 1, lines) if lines else None

    def _read_back(self) -> None:
        journal, spilled = self._journal, self._spilled_in - self._spilled_out
        if self._window or not spilled or journal is None:
            return
        # Without the door: the file only grows, and what was written but not counted yet is left for later.
        lines = journal.read(self._window_offset)[:spilled]
        if not lines:
            raise OSError(errno.EIO, "metrics that were written are no longer in the file", str(journal.path))
        self._window_out -= sum(map(len, lines))
        self._window.extend(lines)
        self._spilled_out += len(lines)  # last: from here on new metrics may follow in the window

    def acknowledge(self, count: int) -> None:
        """Forget the next metrics to send: the server has them."""
        self._forget(count)
        self._stored += count
        self._tidy()

    def give_up(self, count: int) -> None:
        """Forget the next metrics to send: no server will take them."""
        self._forget(count)
        self._refused += count
        self._tidy()

    def _forget(self, count: int) -> None:
        saved = 0
        for _ in range(count):
            if self._window:
                saved += len(self._window.popleft())
            else:
                self._unsaved_out += len(self._unsaved.popleft())
        self._window_out += saved
        self._window_offset += saved

    def _tidy(self) -> None:
        journal = self._journal
        if journal is None:
            return
        # A note that cannot be written costs nothing but a repetition, which the server recognises.
        with contextlib.suppress(OSError):
            journal.acknowledge(self.done + 1 - journal.header.first_seq, self._window_offset)
        if journal.end > REWIND_BYTES and not self._has_saved():
            with self._alone(TIDY_SECONDS) as alone:
                if alone and not self._has_saved() and self.trouble is None:
                    self._rewind(journal)
        elif self._window_offset > SHORTEN_BYTES and journal.end - self._window_offset < REWIND_BYTES:
            with self._alone(TIDY_SECONDS) as alone, contextlib.suppress(OSError):
                if alone and self.trouble is None:
                    self._shorten(journal)

    def _rewind(self, journal: Journal) -> None:
        try:
            journal.rewind(self.done + 1)
        except OSError as exc:
            self._stop_writing(exc)
        self._window_offset = journal.end

    def _shorten(self, journal: Journal) -> None:
        journal.shorten(self.done + 1, self._window_offset)
        self._window_offset = journal.body

    @contextlib.contextmanager
    def _alone(self, seconds: float) -> Iterator[bool]:
        """Let nobody log for the length of the block; False where an append() cannot be waited for.

        It may have been interrupted by a signal handler, which waits for us.
        """
        if not self._door.acquire(timeout=seconds):
            yield False
            return
        try:
            if self._busy:  # it is this very thread that was interrupted
                yield False
                return
            self._busy = True
            try:
                self._settle()
                yield True
            finally:
                self._leave()
        finally:
            self._door.release()

    def _has_saved(self) -> bool:
        return bool(self._window) or self._spilled_in > self._spilled_out

    def recover(self) -> bool:
        """Try to write to the journal what only memory holds; True once the journal works again."""
        with self._alone(TIDY_SECONDS) as alone:
            if not alone or self.trouble is None or self._closed:
                return False
            try:
                journal = self._save_unsaved()
            except OSError:
                return False
            self.trouble = None
            self._use(journal)
            return True

    def _save_unsaved(self) -> Journal:
        self._begin_journal()
        journal = self._journal
        assert journal is not None  # noqa: S101  # there is no trouble where no journal is wanted
        journal.trim()
        if not self._has_saved():
            # It gives space back, and what was sent from memory alone meanwhile has moved the numbers on.
            journal.rewind(self.done + 1)
            self._window_offset = journal.end
        while piece := _first(self._unsaved, PIECE_METRICS, PIECE_BYTES):
            journal.append(b"".join(piece))
            self._count_as_saved(piece)
        return journal

    def _count_as_saved(self, piece: list[bytes]) -> None:
        size = sum(len(self._unsaved.popleft()) for _ in piece)
        self._unsaved_out += size
        if self._spilled_in > self._spilled_out:
            self._spilled_in += len(piece)
        else:
            # Some of it may be under way to the server, and is then forgotten from the window.
            self._window_in += size
            self._window.extend(piece)

    def refuse(self) -> None:
        """Accept no further metrics; what waits can still be sent."""
        self._closed = True
        self._fd = _CLOSED_FD

    def close(self, status: Status, *, keep: bool = False) -> int:
        """Close the journal, which goes when nothing in it waits, and stays for ``tora sync`` otherwise.

        Args:
            status: How the writer ended, for whoever sends the journal.
            keep: The journal stays even so: it holds an experiment that no server has seen.

        Returns:
            How many metrics are lost, because the journal could not take them to the last.
        """
        self.refuse()
        with self._alone(CLOSE_SECONDS) as alone:
            if not alone:
                return 0  # the file stays open, and is found when the process is gone, as after a kill
            lost = self._lose_unsaved()
            if self._journal is not None:
                self._close(self._journal, status, keep=keep or self._has_saved())
            return lost

    def _lose_unsaved(self) -> int:
        if self._open_journal is not None and self._unsaved:
            with contextlib.suppress(OSError):
                self._save_unsaved()
        lost = len(self._unsaved)
        self._unsaved.clear()
        self._refused += lost
        return lost

    def _close(self, journal: Journal, status: Status, *, keep: bool) -> None:
        if keep:
            with contextlib.suppress(OSError):  # on a full disk the metrics matter, the word does not
                journal.append(end_line(status))
        journal.close(remove=not keep)

    def abandon(self) -> None:
        """Let go of the journal in a forked child: it is the parent's."""
        self.refuse()
        if self._journal is not None:
            self._journal.close(remove=False)

    # --- What is where ----------------------------------------------------------------------------

    @property
    def logged(self) -> int:
        """How many metrics were accepted."""
        return self._numbered + self._dropped

    @property
    def numbered(self) -> int:
        """The number of the last metric that is sent, waits or was given up."""
        return self._numbered

    @property
    def done(self) -> int:
        """The number up to which metrics need no further sending."""
        return self._stored + self._refused

    @property
    def waiting(self) -> int:
        """How many metrics are not acknowledged."""
        done = self._stored + self._refused
        return self._numbered - done

    @property
    def dropped(self) -> int:
        """How many metrics neither the journal nor memory had room for."""
        return self._dropped

    @property
    def is_entered(self) -> bool:
        """Whether this very thread is inside `append`: a signal handler that runs there must not wait for others."""
        if not self._door.acquire(blocking=False):
            return False
        try:
            return self._busy
        finally:
            self._door.release()

    @property
    def journal_path(self) -> str | None:
        """Where the waiting metrics lie; None when there is no journal."""
        return None if self._journal is None else str(self._journal.path)

    def stats(self, error: str | None) -> Stats:
        """Return the sums, taken at one moment."""
        # What is done is read first, so that no metric is done that is not numbered.
        stored, refused, dropped, numbered = self._stored, self._refused, self._dropped, self._numbered
        return Stats(
            logged=numbered + dropped,
            stored=stored,
            waiting=numbered - stored - refused,
            dropped=dropped + refused,
            error=error,
        )


def _first(lines: deque[bytes], most: int, most_bytes: int) -> list[bytes]:
    """Return the first of some lines, at most so many of at most so many bytes, but at least one."""
    first = _snapshot(lines, most)
    size = 0
    for index, line in enumerate(first):
        size += len(line)
        if size > most_bytes and index:
            del first[index:]
            break
    return first


def _snapshot(lines: deque[bytes], most: int) -> list[bytes]:
    while True:
        try:
            return list(islice(lines, most))
        except RuntimeError:  # somebody logged just now; once more
            continue

"""The way into the buffer: each metric is written to the journal and counted before `append` returns.

`append` may be called by any thread, from a signal handler and from a finalizer. It holds the door,
and whoever changes the journal otherwise takes the door too. A signal handler that interrupts it may
itself wait for the delivery task, in flush() or shutdown(), so that task never waits for the door
without a limit: each number below has one side that changes it and another that only reads it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from tora._async.journal import Journal
from tora.errors import ToraMetricError

__all__ = ["Intake"]

WINDOW_BYTES: Final = 8 * 1024 * 1024
UNSAVED_BYTES: Final = 32 * 1024 * 1024
NEVER: Final = 2**63
_CLOSED_FD: Final = -1  # a write to it fails, which leads off the fast path


class Intake:
    """What accepts metrics; `MetricBuffer` adds what takes them out again.

    Args:
        open_journal: Creates the journal whose first metric has the given number. It is called at the
            first metric, so that a process which never logs leaves no file; None means no journal.
        wake: Called, by whichever thread, when as many metrics wait as `MetricBuffer.arm` asked for.

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
            trace = exc.__traceback__
            if trace is None or trace.tb_next is None:  # raised here, by the write
                self._accept_without_journal(line, exc)
                return
            # A signal handler's own, such as the TimeoutError of somebody's signal.alarm.
            self._uncounted = size
            self._fd = _CLOSED_FD
            self._settle()
            raise
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
        self._use_journal()

    def _use_journal(self) -> None:
        if self._journal is not None and self.trouble is None and not self._closed:
            self._fd = self._journal.fd

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
            journal = self._open_journal(self._stored + self._refused + 1)
            self._window_offset = journal.end
            self._journal = journal
            self._use_journal()

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

    def refuse(self) -> None:
        """Accept no further metrics; what waits can still be sent."""
        self._closed = True
        self._fd = _CLOSED_FD

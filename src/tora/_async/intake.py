"""The way into the buffer: each metric is written to the journal and counted before `append` returns.

`append` may be called by any thread, from a signal handler and from a finalizer. Whoever is inside
owns the buffer, and so does whoever changes the journal otherwise. Owning is a plain attribute and no
lock, which would cost as much as all the rest: the interpreter lets other threads and signal handlers
in at calls and jumps back, and makes neither between the look at the attribute and its change. Nor
can an exception out of a signal handler come in between and leave the buffer owned for ever.

A signal handler that interrupts an owner may itself wait for the delivery task, in flush() or
shutdown(), so that task never waits for the owner without a limit: each number below has one side that
changes it and another that only reads it.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from tora._async.journal import Journal
from tora.errors import ToraMetricError

__all__ = ["Intake"]

UNSAVED_BYTES: Final = 32 * 1024 * 1024
NEVER: Final = 2**63
_CLOSED_FD: Final = -1  # a write to it fails, which leads off the fast path
_NOBODY: Final = 0  # no thread has this number
_PAUSE: Final = 20e-6  # seconds, at first
_LONGEST_PAUSE: Final = 200e-6

_write = os.write
_this_thread = threading.get_ident


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
        self._owner = _NOBODY
        # What signal handlers and finalizers log that interrupted the owner; the owner accepts it when it leaves.
        self._late: deque[bytes] = deque()
        # Those who find the buffer owned wait in turn; re-entrant, because a signal handler may log meanwhile.
        self._queue = threading.RLock()
        self._is_awaited = False
        if not getattr(sys, "_is_gil_enabled", lambda: True)():  # threads of a free-threaded build come in anywhere
            self.append = self._append_in_turn  # type: ignore[method-assign]
        self._open_journal = open_journal
        self._journal: Journal | None = None
        self._wake = wake
        self._alarm = NEVER
        self._closed = False
        self.trouble: OSError | None = None
        self._unsaved: deque[bytes] = deque()
        # Changed by the owner.
        self._fd = _CLOSED_FD
        self._uncounted = 0  # the size of a line that may have been written, when an exception came in between
        self._numbered = 0
        self._dropped = 0  # never numbered
        self._unsaved_in = 0  # bytes
        # Changed by the delivery task.
        self._stored = 0
        self._refused = 0  # numbered, then given up: no server takes it, or it is lost with the process
        self._offset = 0  # where in the file the first metric begins that is not done with
        self._unsaved_out = 0

    def append(self, line: bytes) -> None:  # each call that parts would need costs a twentieth
        """Accept one metric; once this returns it survives the process. Never waits for the network.

        Raises:
            ToraMetricError: The buffer is closed.
        """
        size, me = len(line), _this_thread()
        while self._owner:
            if self._stand_back(line, me):
                return
        self._owner = me
        try:
            if _write(self._fd, line) != size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301  # as the system would have
            # No call is made between these two, so that nobody comes in between.
            self._journal.end += size  # type: ignore[union-attr]  # the file that was written is open
            self._numbered += 1
        except BaseException as exc:
            # Out of the write, or out of a signal handler: before the write, between it and the count, or behind.
            # Another one may cut this short too, so the file is closed to others until it is settled.
            if was_open := self._fd >= 0:
                self._uncounted = size
                self._fd = _CLOSED_FD
                self._settle()
            if not _is_of_the_call(exc):
                raise
            self._accept_otherwise(line, exc if was_open else None)
        finally:
            try:
                if self._late:
                    self._accept_late()
            finally:
                self._owner = _NOBODY
        if self._is_awaited:
            time.sleep(_PAUSE)
        if self._numbered < self._alarm:
            return
        self._alarm = NEVER
        self._wake()

    def _append_in_turn(self, line: bytes) -> None:
        with self._queue:
            Intake.append(self, line)

    def _stand_back(self, line: bytes, me: int) -> bool:
        """Wait until nobody owns the buffer; True where its owner, this very thread, will accept the line."""
        if self._owner == me:
            self._late.append(line)
            return True
        with self._queue:
            self._is_awaited = True
            try:
                self._wait(math.inf)
            finally:
                self._is_awaited = False
        return False

    def _wait(self, deadline: float) -> bool:
        """Wait until nobody owns the buffer; False where that takes too long."""
        pause = _PAUSE
        while self._owner:
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True

    def _accept_late(self) -> None:
        while self._late:
            before = self._numbered + self._dropped
            try:
                self._accept_otherwise(self._late[0], None)
            except ToraMetricError:
                self._dropped += 1  # whoever logged it has gone on, and was told nothing
            finally:
                # Kept for the next time when a further signal came before it was accepted.
                if self._numbered + self._dropped != before:
                    self._late.popleft()

    def _accept_otherwise(self, line: bytes, failure: BaseException | None) -> None:
        """Accept a metric that is the first, that comes late, or that the file did not take because of a failure."""
        if self._closed:
            raise ToraMetricError("cannot log to a closed client; create or load an experiment again") from None
        if self._open_journal is not None and self.trouble is None:
            try:
                if failure is not None:
                    raise failure
                self._begin_journal()
                self._settle()
                self._write_with_care(line)
            except OSError as exc:
                self._stop_writing(exc)
            else:
                return
        self._keep_in_memory(line, len(line))

    def _write_with_care(self, line: bytes) -> None:
        """Write a line and count it as if somebody had been interrupted in between."""
        size, journal = len(line), self._journal
        assert journal is not None  # noqa: S101  # it was begun
        self._uncounted = size
        self._fd = _CLOSED_FD
        try:
            if _write(journal.fd, line) != size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            self._settle()

    def _settle(self) -> None:
        """Make the count agree with the file, at whose end a line may stand that is not counted yet."""
        journal = self._journal
        if journal is None:
            return
        if self._uncounted and os.fstat(journal.fd).st_size == journal.end + self._uncounted:
            # As in append: no call in between.
            journal.end += self._uncounted
            self._numbered += 1
        elif self._uncounted:
            journal.trim()
        self._uncounted = 0
        self._use_journal()

    def _use_journal(self) -> None:
        if self._journal is not None and self.trouble is None and not self._closed:
            self._fd = self._journal.fd

    def _keep_in_memory(self, line: bytes, size: int) -> None:
        if self._unsaved_in - self._unsaved_out >= UNSAVED_BYTES:
            self._dropped += 1
            if self._dropped == 1:
                self._alarm = 0  # the delivery task warns
            return
        # As in append: the one call comes last.
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
        """Create the journal now, instead of at the first metric; to be called before any.

        Raises:
            OSError: The folder or the file cannot be written.
        """
        self._begin_journal()

    def _begin_journal(self) -> None:
        if self._journal is None and self._open_journal is not None:
            journal = self._open_journal(self._stored + self._refused + 1)
            self._offset = journal.end
            self._journal = journal
            self._use_journal()

    @contextlib.contextmanager
    def _alone(self, seconds: float) -> Iterator[bool]:
        """Let nobody log for the length of the block; False where an append() cannot be waited for.

        It may have been interrupted by a signal handler, which waits for us.
        """
        deadline = time.monotonic() + seconds
        if self.is_entered or not self._queue.acquire(timeout=seconds):
            yield False
            return
        try:
            if not self._own(deadline):
                yield False
                return
            try:
                self._settle()
                yield True
            finally:
                try:
                    self._accept_late()
                finally:
                    self._owner = _NOBODY
        finally:
            self._queue.release()

    def _own(self, deadline: float) -> bool:
        me = _this_thread()
        while self._owner:
            if not self._wait(deadline):
                return False
        self._owner = me
        return True

    @property
    def is_entered(self) -> bool:
        """Whether this very thread is inside `append`: a signal handler that runs there must not wait for others."""
        return self._owner == _this_thread()

    def refuse(self) -> None:
        """Accept no further metrics; what waits can still be sent."""
        self._closed = True
        self._fd = _CLOSED_FD


def _is_of_the_call(exc: BaseException) -> bool:
    """Whether an exception was raised right where it is caught, and not by a signal handler that came in."""
    trace = exc.__traceback__
    return isinstance(exc, OSError) and (trace is None or trace.tb_next is None)

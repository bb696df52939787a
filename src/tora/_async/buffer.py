"""What a client has accepted and the server has not yet acknowledged.

    append() ──> journal file     all that waits, in order
             ──> unsaved          in memory, bounded: what the journal could not take

What is sent is read back from the file, which is in the system's page cache: that costs less than to
keep each line in memory too, and nothing in `append`.

Metrics are numbered from 1 without a gap in the order of their acceptance. The way in, which any
thread may take, is in `intake`; what is here belongs to the delivery task.
"""

from __future__ import annotations

import contextlib
import errno
from typing import Final

from tora._async.intake import NEVER, Intake
from tora._async.journal import Journal, end_line
from tora._async.lines import Waiting, first_lines, first_of
from tora.models import Stats
from tora.types import Status

__all__ = ["MetricBuffer"]

PIECE_BYTES: Final = 64 * 1024  # written at once when the journal works again: a disk may have room for a part
PIECE_METRICS: Final = 1000
SPARE_BYTES: Final = 8
REWIND_BYTES: Final = 1024 * 1024  # a file of this size is emptied once all of it is acknowledged
SHORTEN_BYTES: Final = 16 * 1024 * 1024  # so much that is acknowledged is cut off while little waits behind it
TIDY_SECONDS: Final = 0.05
CLOSE_SECONDS: Final = 1.0


class MetricBuffer(Intake):
    """A thread-safe queue of encoded metrics with bounded memory."""

    _line_bytes = 100  # about so many bytes a metric has, and so many for each are read back at once

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
        if (saved := self._read_back(most, most_bytes)) is not None or not in_memory:
            return saved
        lines = first_of(self._unsaved, most, most_bytes)
        return Waiting(self.done + 1, len(lines), b"".join(lines))

    def _read_back(self, most: int, most_bytes: int) -> Waiting | None:
        journal = self._journal
        # Without owning it: the file only grows, and what was written but not counted yet is left for later.
        size = 0 if journal is None else journal.end - self._offset
        if journal is None or not size:
            return None
        found = journal.read(self._offset, min(most_bytes, most * self._line_bytes, size))
        if not found:
            raise OSError(errno.EIO, "metrics that were written are no longer in the file", str(journal.path))
        count, lines = first_lines(found, most)
        self._line_bytes = len(lines) // count + SPARE_BYTES
        return Waiting(self.done + 1, count, lines)

    def acknowledge(self, waiting: Waiting) -> None:
        """Forget the metrics that `peek` returned: the server has them."""
        self._forget(waiting)
        self._stored += waiting.count
        self._tidy()

    def give_up(self, waiting: Waiting) -> None:
        """Forget the metrics that `peek` returned: no server will take them."""
        self._forget(waiting)
        self._refused += waiting.count
        self._tidy()

    def _forget(self, waiting: Waiting) -> None:
        left = len(waiting.lines)
        if self._journal is not None:  # which may have taken some that were in memory alone when they were sent
            saved = min(self._journal.end - self._offset, left)
            self._offset += saved
            left -= saved
        while left:
            size = len(self._unsaved.popleft())
            self._unsaved_out += size
            left -= size

    def _tidy(self) -> None:
        journal = self._journal
        if journal is None:
            return
        # A note that cannot be written costs nothing but a repetition, which the server recognises.
        with contextlib.suppress(OSError):
            journal.acknowledge(self.done + 1 - journal.header.first_seq, self._offset)
        if journal.end > REWIND_BYTES and not self._has_saved():
            with self._alone(TIDY_SECONDS) as alone:
                if alone and not self._has_saved() and self.trouble is None:
                    self._rewind(journal)
        elif self._offset > SHORTEN_BYTES and journal.end - self._offset < REWIND_BYTES:
            with self._alone(TIDY_SECONDS) as alone, contextlib.suppress(OSError):
                if alone and self.trouble is None:
                    self._shorten(journal)

    def _rewind(self, journal: Journal) -> None:
        try:
            journal.rewind(self.done + 1)
        except OSError as exc:
            self._stop_writing(exc)
        self._offset = journal.end

    def _shorten(self, journal: Journal) -> None:
        journal.shorten(self.done + 1, self._offset)
        self._offset = journal.body

    def _has_saved(self) -> bool:
        return self._journal is not None and self._journal.end > self._offset

    def recover(self) -> bool:
        """Try to write to the journal what only memory holds; True once the journal works again."""
        while self.trouble is not None and not self._closed:
            # A piece at a time, so that nobody who logs waits for 32 MiB.
            with self._alone(TIDY_SECONDS) as alone, contextlib.suppress(OSError):
                if alone and self._save_piece():
                    continue
                if alone:
                    self.trouble = None
                    self._use_journal()
                    return True
            return False
        return False

    def _save_piece(self) -> bool:
        """Write some of what only memory holds to the journal; False where there is nothing."""
        self._begin_journal()
        journal = self._journal
        assert journal is not None  # noqa: S101  # there is no trouble where no journal is wanted
        journal.trim()
        if not self._has_saved():
            # It gives space back, and what was sent from memory alone meanwhile has moved the numbers on.
            journal.rewind(self.done + 1)
            self._offset = journal.end
        piece = first_of(self._unsaved, PIECE_METRICS, PIECE_BYTES)
        if piece:
            journal.append(b"".join(piece))
            self._unsaved_out += sum([len(self._unsaved.popleft()) for _ in piece])
        return bool(piece)

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
                while self._save_piece():
                    pass
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

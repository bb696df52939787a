"""What is done and said while the journal cannot be written."""

from __future__ import annotations

import time
from typing import Final

from tora._async.buffer import MetricBuffer
from tora._async.notices import logger

__all__ = ["JournalCare"]

TRY_EVERY: Final = 1.0  # seconds between two tries to write again
SAY_EVERY: Final = 600.0  # seconds: a disk that is full again and again is one trouble


class JournalCare:
    """Brings a buffer's journal back to work, and tells people: once that it failed, once that it works again."""

    def __init__(self, buffer: MetricBuffer) -> None:
        self._buffer = buffer
        self._next_try = 0.0
        self._next_word = 0.0
        self._is_known = False
        self._loss_is_known = False

    def look(self) -> None:
        """Do what there is to do; cheap where there is nothing."""
        if self._buffer.trouble is None:
            return
        now = time.monotonic()
        if now >= self._next_try:
            self._next_try = now + TRY_EVERY
            if self._buffer.recover():
                self._say_that_it_works()
                return
        if not self._is_known and now >= self._next_word:
            self._is_known = True
            self._next_word = now + SAY_EVERY
            logger.warning(
                "Tora: the journal cannot be written (%s). Metrics are kept in memory up to a bound and are lost "
                "if this process is killed; free some space, or set TORA_DIR to a folder that can be written.",
                self._buffer.trouble,
            )
        if self._buffer.dropped and not self._loss_is_known:
            self._loss_is_known = True
            logger.warning(
                "Tora: the memory for metrics that the journal cannot take is used up; new ones are dropped, and "
                "counted in `stats`, until the server or the journal takes metrics again."
            )

    def _say_that_it_works(self) -> None:
        self._loss_is_known = False
        if self._is_known:
            self._is_known = False
            logger.warning(
                "Tora: the journal %s can be written again; %s metrics were dropped until now.",
                self._buffer.journal_path,
                f"{self._buffer.dropped:,}" if self._buffer.dropped else "no",
            )

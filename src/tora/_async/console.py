"""What the program prints, taken on its way: the text goes where it went before, and into bounded memory.

Streams are not replaced but their ``write`` is, so that whoever holds ``sys.stderr`` already, as logging
handlers do, is heard as well. Taking a text neither waits nor locks: a signal handler may print, and a fork may
come, at any moment. What it cannot do: hear what is written below Python, by C libraries and child processes.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import define, frozen

from tora._async.notices import logger
from tora.validation import MAX_CONSOLE_LINE

__all__ = ["Capture", "Line"]

RAW: Final = 10_000_000  # characters that may wait to be cut into lines


@frozen
class Line:
    """One line without its end.

    Attributes:
        time: When its end was printed, in Unix seconds.
        stream: ``stdout`` or ``stderr``.
    """

    time: float
    stream: str
    text: str


class Capture:
    """The text that this process prints from `begin` to `end`."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[float, str, str]] = deque()
        self._room = RAW
        self._missed = 0
        self._open_lines = {"stdout": "", "stderr": ""}

    def begin(self) -> None:
        """Hear what is printed from now on; a second call does nothing."""
        if self not in _captures:
            _captures.append(self)
        for name in self._open_lines:
            _tap(name, getattr(sys, name, None))

    def end(self) -> None:
        """Hear no more; the streams are as they were when nobody else listens."""
        if self in _captures:
            _captures.remove(self)
        if not _captures:
            _untap()

    def take(self, stream: str, text: str) -> None:
        """Take a text that was just printed."""
        if self._room > 0:
            self._room -= len(text)
            self._chunks.append((time.time(), stream, text))
        else:
            self._missed += len(text)

    def lines(self, *, to_the_last: bool = False) -> Iterator[Line]:
        """Yield the lines that have ended since the call before; of one that was overwritten, as it was last seen.

        Args:
            to_the_last: What has not ended yet is a line, too.
        """
        missed, self._missed, self._room = self._missed, 0, RAW
        for _ in range(len(self._chunks)):  # one by one, since others append meanwhile
            yield from self._cut(*self._chunks.popleft())
        if missed:
            note = f"[Tora: {missed:,} characters came faster than they could be taken, and are left out]"
            yield Line(time.time(), "stderr", note)
        if to_the_last:
            for stream, text in self._open_lines.items():
                if text.rstrip("\r"):
                    yield Line(time.time(), stream, _last_seen(text))

    def _cut(self, at: float, stream: str, text: str) -> Iterator[Line]:
        *ended, still_open = (self._open_lines[stream] + text).split("\n")
        for line in ended:
            seen = _last_seen(line)
            for start in range(0, max(len(seen), 1), MAX_CONSOLE_LINE):
                yield Line(at, stream, seen[start : start + MAX_CONSOLE_LINE])
        while len(still_open := _overwritten(still_open)) >= MAX_CONSOLE_LINE:
            yield Line(at, stream, _encodable(still_open[:MAX_CONSOLE_LINE]))
            still_open = still_open[MAX_CONSOLE_LINE:]
        self._open_lines[stream] = still_open


def _last_seen(line: str) -> str:
    """Return what a terminal shows of a line whose beginning was returned to, as progress bars do."""
    return _encodable(line.rstrip("\r").rpartition("\r")[2])


def _overwritten(line: str) -> str:
    """Return a line that goes on, without what was overwritten; one return at its end may belong to the line's end."""
    seen = line.rstrip("\r")
    return seen.rpartition("\r")[2] + line[len(seen) : len(seen) + 1]


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


# --- The streams ----------------------------------------------------------------------------------


@define(eq=False)
class _Tap:
    """A stream whose `write` is ours.

    Attributes:
        had_own: Whether `write` was the stream's own attribute before, and not its class's.
    """

    stream: Any
    original: Callable[[str], int]
    write: Callable[[str], int]
    had_own: bool

    def remove(self) -> None:
        """Let the stream write as before, unless somebody else has taken our place."""
        if vars(self.stream).get("write") != self.write:
            return
        if self.had_own:
            self.stream.write = self.original
        else:
            del self.stream.write


_captures: Final[list[Capture]] = []
_taps: Final[list[_Tap]] = []


def _tap(name: str, stream: Any) -> None:
    if stream is None or any(tap.stream is stream for tap in _taps):
        return
    original = stream.write

    def write(text: str) -> int:
        written: int = original(text)
        for capture in tuple(_captures):
            capture.take(name, text)
        return written

    try:
        had_own = "write" in vars(stream)
        stream.write = write
    except (AttributeError, TypeError):
        logger.warning("Tora: sys.%s is a %s, which cannot be captured", name, type(stream).__name__)
    else:
        _taps.append(_Tap(stream, original, write, had_own))


def _untap() -> None:
    while _taps:
        _taps.pop().remove()


def _leave_to_the_parent() -> None:
    # What a forked child prints is not sent by anybody.
    _captures.clear()
    _untap()


if hasattr(os, "register_at_fork"):  # where there is no fork there is no hook for it
    os.register_at_fork(after_in_child=_leave_to_the_parent)

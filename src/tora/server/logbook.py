"""Where the server's own log goes, and how a line of it looks; it holds no keys, no bodies and no query strings."""

from __future__ import annotations

import datetime as dt
import logging
import logging.handlers
import queue
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from tora.server.options import Options

__all__ = ["LOG", "writing"]

LOG: Final = logging.getLogger("tora.server")

_MEGABYTE: Final = 1_000_000
_WAITING: Final = 10_000
"""Lines that wait to be written at most; where nobody takes them, what comes on top is counted and dropped."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN: Final = re.compile(r"[^\s\"=\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@contextmanager
def writing(options: Options) -> Iterator[None]:
    """Log during the block: to the data folder when a client started the server, which nobody watches, else to stderr.

    A thread writes, so that a terminal or a pipe that takes nothing for a while holds up no request.
    """
    handler: logging.Handler
    if options.local:
        handler = logging.handlers.RotatingFileHandler(
            options.dir / "server.log", maxBytes=_MEGABYTE, backupCount=2, encoding="utf-8"
        )
    else:
        handler = logging.StreamHandler()
    handler.setFormatter(_Json() if options.log_format == "json" else _Text())
    lines: queue.Queue[logging.LogRecord] = queue.Queue(_WAITING)
    writer = logging.handlers.QueueListener(lines, handler)
    logging.basicConfig(level=logging.WARNING, handlers=[_Entry(lines)], force=True)
    LOG.setLevel(logging.INFO)
    writer.start()
    try:
        yield
    finally:
        writer.stop()
        handler.close()


class _Entry(logging.handlers.QueueHandler):
    """The way into the queue; it never waits."""

    _dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record with its words in place; the writing thread gives it its form."""
        record.msg, record.args = record.getMessage(), None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand the record over, after word of those that found no room."""
        try:
            if self._dropped:
                self.queue.put_nowait(logging.makeLogRecord(_told(self._dropped)))
                self._dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self._dropped += 1


def _told(dropped: int) -> dict[str, Any]:
    message = f"{dropped} lines were dropped: nobody took them"
    return {"name": LOG.name, "levelno": logging.WARNING, "levelname": "WARNING", "msg": message}


class _Text(logging.Formatter):
    """Lines for people: the time, the level, the message and what else there is as ``name=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line, and what was raised as further, indented ones: none can be faked."""
        words = [_instant(record), record.levelname, _escaped(record.getMessage())]
        words.extend(f"{name}={_shown(value)}" for name, value in _fields(record).items() if value is not None)
        line = " ".join(words)
        return line if not record.exc_info else f"{line}\n{_indented(self.formatException(record.exc_info))}"


class _Json(logging.Formatter):
    """Lines for programs: one JSON object each."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        said: dict[str, Any] = {"time": _instant(record), "level": record.levelname.lower()}
        said |= {"message": _sound(record.getMessage())}
        said |= {name: _sound(value) for name, value in _fields(record).items()}
        if record.exc_info:
            said["exception"] = _sound(self.formatException(record.exc_info))
        return msgspec.json.encode(said).decode()


def _instant(record: logging.LogRecord) -> str:
    return dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return what a caller gave as ``extra={"fields": ...}``."""
    found: Mapping[str, Any] = getattr(record, "fields", {})
    return found


def _shown(value: Any) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else '"' + _escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _escaped(text: str) -> str:
    """Return a text without anything that a terminal or a reader of lines acts on."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), text)


def _indented(text: str) -> str:
    return "\n".join(f"    {_escaped(line)}" for line in text.split("\n"))


def _sound(value: Any) -> Any:
    """Return a text without halves of characters, which JSON cannot hold."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value

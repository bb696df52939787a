"""What servers that share a catalog tell each other, and how it is packed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tora.server.limits import AllowanceName
from tora.server.throttle import Kind

__all__ = [
    "CHANNEL",
    "Called",
    "Changed",
    "Failed",
    "Forget",
    "Gone",
    "Heard",
    "Lost",
    "Message",
    "Points",
    "pack",
    "unpack",
]

CHANNEL: Final = "tora"
"""The channel of the database that all of them listen to."""

_MOST: Final = 7_900
"""PostgreSQL takes fewer than 8,000 bytes in one notification."""


class _Message(msgspec.Struct, array_like=True, frozen=True):
    pass


class Points(_Message, frozen=True, tag="points"):
    """A group with points of an experiment was stored."""

    experiment: str
    tick: int


class Changed(_Message, frozen=True, tag="changed"):
    """An experiment is new, or its record is not what it was; the database says so itself."""

    experiment: str


class Gone(_Message, frozen=True, tag="gone"):
    """An experiment was deleted; where it was. The database says so itself."""

    experiment: str
    workspace: str | None = None
    creator: str | None = None


class Forget(_Message, frozen=True, tag="forget"):
    """Something has changed of keys, people or places; the database says so itself."""


class Heard(_Message, frozen=True, tag="heard"):
    """Writers of an experiment gave a sign of life; None stands for one without an id."""

    experiment: str
    writers: list[str | None]


class Lost(_Message, frozen=True, tag="lost"):
    """A writer was killed: somebody found what it left."""

    experiment: str
    writer: str


class Called(_Message, frozen=True, tag="called"):
    """How often somebody made use of an allowance since the server told last."""

    allowance: AllowanceName
    who: str
    times: int


class Failed(_Message, frozen=True, tag="failed"):
    """A try to get in failed; what it counts against, not in clear: a password may have been typed as a name."""

    kind: Kind
    under: str


Message = Points | Changed | Gone | Forget | Heard | Lost | Called | Failed

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(tuple[str, list[Message]])


def pack(server: str, messages: Iterable[Message]) -> Iterator[str]:
    """Yield payloads for notifications, as few as can hold the messages.

    Args:
        server: Who tells them.
        messages: What is told.
    """
    head = b"[" + _ENCODER.encode(server) + b",["
    parts: list[bytes] = []
    size = 0
    for each in messages:
        part = _ENCODER.encode(each)
        if parts and size + len(part) > _MOST - len(head):
            yield (head + b",".join(parts) + b"]]").decode()
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield (head + b",".join(parts) + b"]]").decode()


def unpack(payload: str) -> tuple[str, list[Message]]:
    """Return who told something, "" for the database itself, and what.

    Raises:
        msgspec.MsgspecError: It is nothing that this version of Tora knows.
    """
    return _DECODER.decode(payload)

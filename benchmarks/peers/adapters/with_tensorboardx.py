"""tensorboardX: an events file."""

from __future__ import annotations

import struct
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = "tensorboardX"

tensorboard_x: Any = import_module(PACKAGE)
_writer: Any = None


def init(folder: str) -> None:
    """Open a writer with its default queue and flush interval."""
    global _writer  # noqa: PLW0603  # one run a process
    _writer = tensorboard_x.SummaryWriter(str(Path(folder) / "events"))


def log(name: str, value: float, step: int) -> None:
    """Log one scalar."""
    _writer.add_scalar(name, value, step)


def finish() -> None:
    """Close the writer, which empties its queue."""
    _writer.close()


def count(folder: str) -> int:
    """Count the whole events with a scalar; tensorboardX brings their type, and no reader."""
    event = import_module("tensorboardX.proto.event_pb2").Event
    [file] = (Path(folder) / "events").iterdir()
    data, at, found = file.read_bytes(), 0, 0
    while at + 12 <= len(data):
        [length] = struct.unpack_from("<Q", data, at)
        if at + 12 + length + 4 > len(data):  # torn by the kill
            break
        parsed = event.FromString(data[at + 12 : at + 12 + length])
        found += any(value.tag == "loss" for value in parsed.summary.value)
        at += 12 + length + 4
    return found

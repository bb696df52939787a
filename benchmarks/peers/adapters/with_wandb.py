"""wandb, offline: metrics go to a ``.wandb`` file, which `wandb sync` would send later."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")

PACKAGE = "wandb"
BLOCK = 32_768
HEADER = 7

wandb: Any = import_module(PACKAGE)
_run: Any = None


def init(folder: str) -> None:
    """Start a run without the samplers that the other peers do not have either."""
    global _run  # noqa: PLW0603  # one run a process
    settings = wandb.Settings(
        mode="offline",
        silent=True,
        console="off",
        disable_git=True,
        save_code=False,
        x_disable_meta=True,
        x_disable_stats=True,
    )
    _run = wandb.init(project="peers", dir=folder, settings=settings)


def log(name: str, value: float, step: int) -> None:
    """Log one scalar; without `commit` the step would stay open until the next one."""
    _run.log({name: value}, step=step, commit=True)


def finish() -> None:
    """End the run."""
    _run.finish()


def count(folder: str) -> int:
    """Count the history records of the run's file with wandb's own record type."""
    record = import_module("wandb.proto.wandb_internal_pb2").Record
    [file] = Path(folder).glob("wandb/offline-run-*/run-*.wandb")
    found = 0
    for data in _records(file.read_bytes()):
        parsed = record.FromString(data)
        if parsed.WhichOneof("record_type") == "history":
            keys = {item.key or "/".join(item.nested_key) for item in parsed.history.item}
            found += "loss" in keys
    return found


def _records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a LevelDB log, which the file is after seven bytes; wandb ships no reader for Python."""
    at, parts = HEADER, b""
    while at + HEADER <= len(data):
        if BLOCK - at % BLOCK < HEADER:
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        at += HEADER
        if not kind or at + length > len(data):  # padding, or torn by the kill
            return
        parts += data[at : at + length]
        at += length
        if kind in {1, 4}:  # whole, or the last part
            yield parts
            parts = b""

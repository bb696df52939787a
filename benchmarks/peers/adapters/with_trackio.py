"""trackio, local: a SQLite file a project."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

# Read when it is imported.
os.environ.update(TRACKIO_DIR=str(Path.cwd() / "trackio"), HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")

PACKAGE = "trackio"

trackio: Any = import_module(PACKAGE)


def init(folder: str) -> None:  # noqa: ARG001  # TRACKIO_DIR is in it
    """Start a run without the samplers of the machine."""
    trackio.init(project="peers", name="run", embed=False, auto_log_gpu=False, auto_log_cpu=False)


def log(name: str, value: float, step: int) -> None:
    """Log one scalar."""
    trackio.log({name: value}, step=step)


def finish() -> None:
    """End the run."""
    trackio.finish()


def count(folder: str) -> int:  # noqa: ARG001  # as `init`
    """Count the rows that trackio's own storage returns."""
    storage = import_module("trackio.sqlite_storage").SQLiteStorage
    return sum("loss" in row for row in storage.get_logs("peers", "run"))

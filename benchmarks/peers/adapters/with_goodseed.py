"""GoodSeed with ``storage="local"``: a SQLite file a run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = "goodseed"

goodseed: Any = import_module(PACKAGE)
_run: Any = None


def init(folder: str) -> None:
    """Start a run without the samplers of the machine and the terminal."""
    global _run  # noqa: PLW0603  # one run a process
    _run = goodseed.Run(
        storage="local",
        goodseed_home=folder,
        git_ref=False,
        capture_stdout=False,
        capture_stderr=False,
        capture_traceback=False,
        capture_hardware_metrics=False,
    )


def log(name: str, value: float, step: int) -> None:
    """Log one scalar."""
    _run[name].log(value, step=step)


def finish() -> None:
    """Close the run."""
    _run.close()


def count(folder: str) -> int:
    """Count the points that GoodSeed's own storage reads."""
    storage = import_module("goodseed.storage")
    [file] = Path(folder).rglob("*.sqlite")
    return len(storage.read_metrics(file, "loss"))

"""Aim with a local repository."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ["AIM_UI_TELEMETRY_ENABLED"] = "0"

PACKAGE = "aim"

aim: Any = import_module(PACKAGE)
_run: Any = None


def init(folder: str) -> None:
    """Start a run without the samplers of the machine and the terminal."""
    global _run  # noqa: PLW0603  # one run a process
    _run = aim.Run(repo=folder, system_tracking_interval=None, capture_terminal_logs=False)


def log(name: str, value: float, step: int) -> None:
    """Track one scalar."""
    _run.track(value, name=name, step=step)


def finish() -> None:
    """Close the run."""
    _run.close()


def count(folder: str) -> int:
    """Count what a query of the repository finds, once its index is made anew: no `aim up` runs that would do it."""
    aim_command = str(Path(sys.executable).with_name("aim"))
    subprocess.run(
        [aim_command, "storage", "--repo", folder, "reindex", "--yes"], check=True, stdout=subprocess.DEVNULL
    )
    repo = aim.Repo.from_path(folder)
    quiet = import_module("aim.sdk.types").QueryReportMode.DISABLED
    runs = repo.query_metrics("metric.name == 'loss'", report_mode=quiet).iter_runs()
    return sum(len(metric.values.sparse_list()[0]) for run in runs for metric in run)

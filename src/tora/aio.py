"""The global API for coroutines: ``await tora.aio.setup(...)``.

The current experiment belongs to the task that set it up and to what that task starts, so tasks that
run at once never mix their experiments. What reads (`experiments`, `points` and so on) needs none, and is `tora.api` in
scripts.
"""

from __future__ import annotations

from tora._async.reading import experiment, experiments, export, metrics, points, series
from tora._async.session import (
    create_workspace,
    flush,
    get_experiment_id,
    get_experiment_url,
    is_initialized,
    setup,
    shutdown,
    tlog,
    tlog_nowait,
)
from tora._async.workers import handle

__all__ = [
    "create_workspace",
    "experiment",
    "experiments",
    "export",
    "flush",
    "get_experiment_id",
    "get_experiment_url",
    "handle",
    "is_initialized",
    "metrics",
    "points",
    "series",
    "setup",
    "shutdown",
    "tlog",
    "tlog_nowait",
]

"""The global API for coroutines: ``await tora.aio.setup(...)``.

The current experiment belongs to the task that set it up and to what that task starts, so tasks that
run at once never mix their experiments.
"""

from __future__ import annotations

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

__all__ = [
    "create_workspace",
    "flush",
    "get_experiment_id",
    "get_experiment_url",
    "is_initialized",
    "setup",
    "shutdown",
    "tlog",
    "tlog_nowait",
]

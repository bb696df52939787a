"""MLflow as in `with_mlflow`, with ``log_metric(synchronous=False)``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_waiting: Any = import_module("with_mlflow")

PACKAGE, init, count, mlflow = _waiting.PACKAGE, _waiting.init, _waiting.count, _waiting.mlflow


def log(name: str, value: float, step: int) -> None:
    """Hand one scalar to MLflow's queue."""
    mlflow.log_metric(name, value, step=step, synchronous=False)


def finish() -> None:
    """Wait for the queue, then end the run."""
    mlflow.flush_async_logging()
    mlflow.end_run()

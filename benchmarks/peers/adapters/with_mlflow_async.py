"""MLflow as in `with_mlflow`, with ``log_metric(synchronous=False)``."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", GIT_PYTHON_REFRESH="quiet")

PACKAGE = "mlflow"

mlflow: Any = import_module(PACKAGE)


def init(folder: str) -> None:  # noqa: ARG001  # the working directory is in it
    """Start a run; the first one on a machine makes the database."""
    mlflow.start_run()


def log(name: str, value: float, step: int) -> None:
    """Hand one scalar to MLflow's queue."""
    mlflow.log_metric(name, value, step=step, synchronous=False)


def finish() -> None:
    """Wait for the queue, then end the run."""
    mlflow.flush_async_logging()
    mlflow.end_run()


def count(folder: str) -> int:  # noqa: ARG001  # as `init`
    """Count the history that the client reads."""
    client = mlflow.MlflowClient()
    [run] = client.search_runs(["0"])
    return len(client.get_metric_history(run.info.run_id, "loss"))

"""MLflow with the store that it takes when nothing is set: ``mlflow.db``, SQLite, in the working directory."""

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
    """Log one scalar, which is stored when the call returns."""
    mlflow.log_metric(name, value, step=step)


def finish() -> None:
    """End the run."""
    mlflow.end_run()


def count(folder: str) -> int:  # noqa: ARG001  # as `init`
    """Count the history that the client reads."""
    client = mlflow.MlflowClient()
    [run] = client.search_runs(["0"])
    return len(client.get_metric_history(run.info.run_id, "loss"))

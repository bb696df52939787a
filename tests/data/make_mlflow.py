"""Make stores of MLflow's with the package itself, and note what it reads: `python make_mlflow.py ARCHIVE`."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

from mlflow import __version__
from mlflow.tracking import MlflowClient

VALUES = (1.5, math.nan, math.inf, -math.inf, -0.0, 0.1, 1e300)
START = 1_700_000_000_123


def fill(client: MlflowClient, artifacts: Path, *, is_folder: bool) -> list[str]:
    """Make experiments with runs of every kind, and return the ids of those that stay."""
    experiment = client.create_experiment("vision", artifact_location=artifacts.as_uri())
    tags = {"team": "red", "bare": "", "mlflow.note.content": "what I saw", "mlflow.source.name": "train.py"}
    first = client.create_run(experiment, START, tags, "a run").info.run_id
    for key, value in {"lr": "0.1", "layers": "3", "adam": "True", "net": "mlp", "version": "007"}.items():
        client.log_param(first, key, value)
    for step, number in enumerate(VALUES):
        client.log_metric(first, "train/loss", number, START + 1001 * step, step)
    client.log_metric(first, "score", 0.9, START + 7)
    client.log_metric(first, "early", 1.0, START, -1)
    client.log_text(first, "hello", "notes/hello.txt")
    client.set_terminated(first, "FINISHED", START + 60_000)
    failed = client.create_run(experiment, START + 1, run_name="failed").info.run_id
    client.set_terminated(failed, "FAILED", START + 2)
    killed = client.create_run("0", START + 2, run_name="killed").info.run_id
    if is_folder:  # elsewhere, artifacts of that experiment lie where the script is run
        client.log_text(killed, "hello", "plots/hello.txt")
    client.set_terminated(killed, "KILLED", START + 3)
    running = client.create_run("0", START + 3, run_name="running").info.run_id
    client.log_metric(running, "loss", 0.5, START + 4, 1)
    deleted = client.create_run("0", START + 4, run_name="deleted").info.run_id
    client.delete_run(deleted)
    return [first, failed, killed, running]


def grow(client: MlflowClient, runs: list[str]) -> None:
    """Log more: of a time before all others, and what is not of a new step."""
    client.log_metric(runs[0], "train/loss", 7.0, START - 5000, 3)
    client.log_metric(runs[0], "train/loss", 8.0, START + 9000, 9)
    client.log_metric(runs[0], "new", 1.0, START, 0)
    client.log_param(runs[0], "late", "x")
    client.set_terminated(runs[3], "FINISHED", START + 5)


def answers(client: MlflowClient, runs: list[str]) -> dict[str, Any]:
    """Return what the package reads of the runs."""
    found: dict[str, Any] = {}
    for each in runs:
        run = client.get_run(each)
        points = {
            key: [[one.step, one.timestamp, repr(one.value)] for one in client.get_metric_history(each, key)]
            for key in run.data.metrics
        }
        info = run.info
        found[each] = {
            "name": info.run_name,
            "status": info.status,
            "start": info.start_time,
            "end": info.end_time,
            "params": run.data.params,
            "points": points,
        }
    return found


def main(target: Path) -> None:
    """Make the archive."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected: dict[str, Any] = {"mlflow": __version__}
        for kind, place in (("file", folder / "now" / "mlruns"), ("sql", folder / "now" / "mlflow.db")):
            place.parent.mkdir(exist_ok=True)
            client = MlflowClient(str(place) if kind == "file" else f"sqlite:///{place}")
            client.search_experiments()
            runs = fill(client, folder / "now" / "artifacts", is_folder=kind == "file")
            earlier = folder / "before" / place.name
            earlier.parent.mkdir(exist_ok=True)
            if kind == "file":
                shutil.copytree(place, earlier)
            else:
                shutil.copy(place, earlier)
            grow(client, runs)
            expected[kind] = answers(client, runs)
        (folder / "expected.json").write_text(json.dumps(expected, indent=1), "utf-8")
        with tarfile.open(target, "w:gz") as tar:
            for path in ("before", "now/mlruns", "now/mlflow.db", "expected.json"):
                tar.add(folder / path, path, filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]))

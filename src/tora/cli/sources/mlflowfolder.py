"""MLflow's folders of files: ``EXPERIMENT/RUN/`` with ``meta.yaml``, ``metrics``, ``params`` and ``tags``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tora.cli.points import Point
from tora.cli.sources import mlflow
from tora.cli.sources.records import Run, Source, Tally, instant_of, writer_of
from tora.errors import ToraConfigurationError, ToraValidationError

__all__ = ["is_store", "source"]

_META: Final = "meta.yaml"
_TRASH: Final = ".trash"
_STATUSES: Final = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_ELSEWHERE: Final = {"models": "logged models", "datasets": "datasets", "traces": "traces"}
"""Folders beside the runs of an experiment."""


def is_store(path: Path) -> bool:
    """Return whether a folder is such a store: experiments lie in it, each with its description."""
    return (any(path.glob(f"*/{_META}")) and any(path.glob(f"*/*/{_META}"))) or (path / _TRASH).is_dir()


def source(path: Path) -> Source:
    """Return the runs of a folder.

    Raises:
        ToraConfigurationError: The package ``pyyaml`` is missing.
        ToraValidationError: A file in it cannot be read.
    """
    tally = Tally()
    runs = []
    for meta in sorted(path.glob(f"*/{_META}")):
        experiment = _meta(meta)
        if meta.parent.name == "models":
            continue  # the registry's
        for each in sorted(meta.parent.glob(f"*/{_META}")):
            if each.parent.name not in _ELSEWHERE:
                found = _meta(each)
                if found.get("lifecycle_stage") == "deleted":
                    tally.add("deleted runs", str(found.get("run_name") or each.parent.name))
                else:
                    runs.append(_run(each.parent, found, str(experiment.get("name", meta.parent.name))))
        for folder, kind in _ELSEWHERE.items():
            for one in sorted((meta.parent / folder).glob(f"*/{_META}")):
                tally.add(kind, one.parent.name)
    for model in sorted((path / "models").glob(f"*/{_META}")):
        tally.add("registered models", model.parent.name)
    for meta in sorted((path / _TRASH).glob(f"*/{_META}")):
        tally.add("deleted experiments", meta.parent.name)
    return Source(runs, tally.left())


def _run(folder: Path, meta: Mapping[str, Any], experiment: str) -> Run:
    identity = folder.name
    tally = Tally()
    tags = _texts(folder / "tags")
    about = mlflow.described(_texts(folder / "params"), tags, experiment, tally)
    count = sum(1 for _ in _points(folder, tally))
    mlflow.count_artifacts(meta.get("artifact_uri"), folder / "artifacts", tally)
    for entry in sorted((folder / "inputs").glob(f"*/{_META}")):
        tally.add("inputs", entry.parent.name)
    status = meta.get("status")
    return Run(
        kind="mlflow",
        identity=identity,
        name=tally.name(str(meta.get("run_name") or tags.get("mlflow.runName", "")), identity),
        points=lambda: _points(folder, Tally()),
        count=count,
        description=f"Imported from MLflow's run {identity} of the experiment {experiment!r}",
        hyperparams=about.hyperparams,
        tags=about.tags,
        context=about.context,
        notes=about.notes,
        started=instant_of(_seconds(meta.get("start_time"))),
        ended=instant_of(_seconds(meta.get("end_time"))),
        status=mlflow.STATUSES.get(_STATUSES.get(status, "") if isinstance(status, int) else str(status), "running"),
        left=tally.left(),
    )


def _points(folder: Path, tally: Tally) -> Iterator[Point]:
    metrics = folder / "metrics"
    for file in sorted(metrics.rglob("*")):
        if not file.is_file():
            continue
        name = file.relative_to(metrics).as_posix()
        writer = writer_of("mlflow", folder.name, name)  # a file only grows at its end, the run in all its files
        try:
            with file.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.endswith("\n"):
                        tally.add("lines that are not complete yet", name)
                        continue
                    point = tally.point(name, *_parsed(file, number, line.split()), writer)
                    if point is not None:
                        yield point
        except OSError as exc:
            raise ToraValidationError(f"cannot read {file}: {exc.strerror or exc}") from exc


def _parsed(file: Path, number: int, fields: list[str]) -> tuple[float, int | None, float]:
    """Return the value, step and time of a line."""
    try:
        time, value = int(fields[0]) / 1000, float(fields[1])
        # The oldest versions knew no steps; data sets stand behind them in the newest.
        return value, int(fields[2]) if len(fields) > 2 else None, time
    except (ValueError, IndexError) as exc:
        raise ToraValidationError(
            f"{file}, line {number:,}: it must be a time in milliseconds, a value and a step, got {' '.join(fields)!r}"
        ) from exc


def _texts(folder: Path) -> Mapping[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8", errors="replace")
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _meta(path: Path) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError as exc:
        raise ToraConfigurationError(
            f'folders of MLflow are read by the package pyyaml ({exc}); pip install "tora[mlflow]"'
        ) from exc
    try:
        found = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as exc:
        raise ToraValidationError(f"cannot read {path}: {exc}") from exc
    return found if isinstance(found, dict) else {}


def _seconds(milliseconds: Any) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, (int, float)) else None

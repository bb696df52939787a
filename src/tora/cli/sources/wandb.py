"""wandb's own logs of runs, offline ones and others: files ``run-ID.wandb``, those of one run taken together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from attrs import define, field

from tora._async.masking import masked_arguments, public_address
from tora.cli.sources.records import Run, Source, Tally, instant_of
from tora.cli.sources.wandblog import records
from tora.cli.sources.wandbpoints import OWN, Log, leaves, put, seconds_of
from tora.errors import ToraConfigurationError, ToraValidationError

__all__ = ["PATTERN", "source"]

PATTERN: Final = "*.wandb"
_STDERR: Final = 0
"""Of wandb's kinds of output."""

_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "artifact": ("artifacts", "name"),
    "alert": ("alerts", "title"),
    "metric": ("definitions of metrics", "name"),
    "tbrecord": ("TensorBoard folders", "log_dir"),
}
"""Records that are left out: what they are, and which field names one."""


@define
class _Seen:
    """What a run's records say besides its points."""

    tally: Tally = field(factory=Tally)
    run: Any = None
    config: dict[str, Any] = field(factory=dict)
    environment: dict[str, Any] = field(factory=dict)
    history: set[str] = field(factory=set)
    status: Literal["running", "finished", "failed"] = "running"
    started: float | None = None
    runtime: float | None = None


def source(path: Path) -> Source:
    """Return the runs of a ``.wandb`` file, or of a folder and all folders in it.

    Raises:
        ToraConfigurationError: The package ``wandb`` is missing.
        ToraValidationError: A file cannot be read.
    """
    tally = Tally()
    runs: dict[tuple[str, ...], list[Path]] = {}
    for file in [path] if path.is_file() else sorted(path.rglob(PATTERN)):
        identity = _identity(file)
        if identity is None:
            tally.add("files in which no run had begun", file.name)
        else:
            runs.setdefault(identity, []).append(file)
    return Source([_run("/".join(filter(None, identity)), files) for identity, files in runs.items()], tally.left())


def _identity(file: Path) -> tuple[str, ...] | None:
    for record in _parsed(file, Tally()):
        if record.WhichOneof("record_type") == "run":
            return record.run.entity, record.run.project, record.run.run_id
    return None


def _run(identity: str, files: Sequence[Path]) -> Run:
    seen = _Seen()
    for file in files:
        for record in _parsed(file, seen.tally):
            _note(record, seen)
    log = Log(identity, lambda: ((file.name, _parsed(file, Tally())) for file in files), frozenset(seen.history))
    count, last = 0, 0.0
    for point in log.points(seen.tally):
        count, last = count + 1, max(last, point.time)
    run = seen.run
    last = max(last, (seen.started or 0.0) + (seen.runtime or 0.0))
    about = {"run": identity, "group": run.run_group, "job type": run.job_type, "sweep": run.sweep_id}
    return Run(
        kind="wandb",
        identity=identity,
        name=seen.tally.name(run.display_name, run.run_id),
        points=lambda: log.points(Tally()),
        count=count,
        description=f"Imported from wandb's run {identity}",
        hyperparams=seen.tally.hyperparams({key: value for key, value in seen.config.items() if key not in OWN}),
        tags=seen.tally.tags(run.tags),
        context=seen.tally.context(seen.environment | {"wandb": {key: value for key, value in about.items() if value}}),
        notes=seen.tally.notes(run.notes),
        started=instant_of(seen.started),
        ended=instant_of(last or None),
        status=seen.status,
        left=seen.tally.left(),
    )


def _parsed(file: Path, tally: Tally) -> Iterator[Any]:
    try:
        from wandb.proto.wandb_internal_pb2 import Record
    except ImportError as exc:
        raise ToraConfigurationError(
            f'.wandb files are read by the package wandb ({exc}); pip install "tora[wandb]"'
        ) from exc
    from google.protobuf.message import DecodeError

    for number, data in enumerate(records(file, tally), 1):
        try:
            yield Record.FromString(data)
        except DecodeError as exc:
            raise ToraValidationError(
                f"{file}, record {number:,}: {exc}; it is no record of this version of wandb"
            ) from exc


def _note(record: Any, seen: _Seen) -> None:
    """Note what a record says about the run, and count what it is besides."""
    kind = record.WhichOneof("record_type")
    content: Any = getattr(record, kind) if kind else None
    if kind == "run":
        seen.run = content
        seen.status = "running"  # a run that is resumed goes on in another file
        if content.HasField("start_time"):
            seen.started = min(seen.started or math.inf, seconds_of(content.start_time))
        _configure(content.config, seen.config)
    elif kind == "config":
        _configure(content, seen.config)
    elif kind == "history":
        seen.history.update(name for name, _ in leaves(put({}, content.item)))
    elif kind == "exit":
        seen.status = "finished" if content.exit_code == 0 else "failed"
        seen.runtime = float(content.runtime)
    elif kind == "environment":
        seen.environment |= _environment(content)
    elif kind is not None:
        _count(kind, content, seen.tally)


def _count(kind: str, content: Any, tally: Tally) -> None:
    """Count what is left out."""
    if kind == "files":
        for file in content.files:
            tally.add("files", file.path)
    elif kind in {"output", "output_raw"}:
        tally.add("pieces of console output", "stderr" if content.output_type == _STDERR else "stdout")
    elif kind in _COUNTED:
        named, by = _COUNTED[kind]
        tally.add(named, getattr(content, by) or kind)


def _configure(content: Any, config: dict[str, Any]) -> None:
    put(config, content.update)
    for item in content.remove:
        config.pop(item.key or item.nested_key[0], None)


def _environment(content: Any) -> dict[str, Any]:
    """Return where and how the run was started, in the words that Tora's own runs have for it."""
    said = {
        "platform": content.os,
        "host": content.host,
        "script": content.program,
        "arguments": masked_arguments(content.args),
        "python": {"version": content.python, "executable": content.executable} if content.python else None,
        "git": {"commit": content.git.commit, "remote": public_address(content.git.remote_url)}
        if content.git.commit
        else None,
    }
    return {name: value for name, value in said.items() if value}

"""TensorBoard's event files: each folder of a tree that has some is a run.

Points are taken raw and in the order of the files: where a run was restarted at an earlier step, TensorBoard hides the
points that it had beyond that step, and Tora has both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from attrs import define, field

from tora.cli.points import Point
from tora.cli.sources.records import Run, Source, Tally, instant_of, writer_of
from tora.errors import ToraConfigurationError, ToraValidationError

__all__ = ["PATTERN", "source"]

PATTERN: Final = "*tfevents*"

_STATUSES: Final[Mapping[int, Literal["running", "finished", "failed"]]] = {1: "finished", 2: "failed", 3: "running"}
"""Of the hyperparameters' plugin: success, failure, running."""

_OLD_KINDS: Final = {"histo": "histograms", "image": "images", "audio": "audio", "tensor": "tensors"}
_OF_NO_USE: Final = frozenset({None, "file_version", "session_log", "source_metadata"})
"""Events that say something about the file, not about the run."""


@define
class _Seen:
    """What a run's events say besides its points."""

    tally: Tally = field(factory=Tally)
    plugins: dict[str, str] = field(factory=dict)
    hyperparams: dict[str, Any] = field(factory=dict)
    status: Literal["running", "finished", "failed"] = "finished"
    started: float | None = None
    ended: float | None = None
    has_start: bool = False


def source(path: Path) -> Source:
    """Return the runs of an event file, or of a folder and all folders in it.

    Raises:
        ToraConfigurationError: The package ``tensorboard`` is missing.
        ToraValidationError: A file cannot be read.
    """
    folders: dict[Path, list[Path]] = {}
    for file in [path] if path.is_file() else sorted(path.rglob(PATTERN)):
        if file.is_file():
            folders.setdefault(file.parent, []).append(file)
    root = path.parent if path.is_file() else path
    return Source([_run(root, folder, files) for folder, files in sorted(folders.items())])


def _run(root: Path, folder: Path, files: Sequence[Path]) -> Run:
    name = folder.resolve().name if folder == root else folder.relative_to(root).as_posix()
    # Other runs may have the same place elsewhere, and others files of the same name: files are named for the second.
    identity = f"{name}\n{files[0].name}"
    seen = _Seen()
    count = sum(1 for _ in _points(identity, files, seen))
    return Run(
        kind="tensorboard",
        identity=identity,
        name=seen.tally.name(name, files[0].name),
        points=lambda: _points(identity, files, _Seen()),
        count=count,
        description=f"Imported from TensorBoard's run {name!r}",
        hyperparams=seen.tally.hyperparams(seen.hyperparams),
        started=instant_of(seen.started),
        ended=instant_of(seen.ended),
        status=seen.status,
        left=seen.tally.left(),
    )


def _points(identity: str, files: Sequence[Path], seen: _Seen) -> Iterator[Point]:
    for file in files:
        writer = writer_of("tensorboard", identity, file.name)
        for event in _events(file, seen.tally):
            if not seen.has_start:
                seen.started = event.wall_time if seen.started is None else min(seen.started, event.wall_time)
            seen.ended = max(seen.ended or 0.0, event.wall_time)
            what = event.WhichOneof("what")
            if what != "summary":
                if what not in _OF_NO_USE:
                    seen.tally.add(what.replace("_", " "), file.name)
                continue
            for value in event.summary.value:
                scalar = _scalar(value, seen)
                if scalar is None:
                    continue
                point = seen.tally.point(value.tag, scalar, event.step, event.wall_time, writer)
                if point is not None:
                    yield point


def _events(file: Path, tally: Tally) -> Iterator[Any]:
    """Yield a file's events; a record that is cut off, as at the end of a file that grows, or damaged, ends it."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.tensorflow_stub.errors import DataLossError, OutOfRangeError
        from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New
    except ImportError as exc:
        raise ToraConfigurationError(
            f'event files are read by the package tensorboard ({exc}); pip install "tora[tensorboard]"'
        ) from exc
    try:
        reader = PyRecordReader_New(str(file))
        while True:
            reader.GetNext()
            yield Event.FromString(reader.record())
    except OutOfRangeError:
        return
    except DataLossError:
        tally.add("rest of a file from a record on that is cut off or damaged", file.name)
    except OSError as exc:
        raise ToraValidationError(f"cannot read {file}: {exc}") from exc


def _scalar(value: Any, seen: _Seen) -> float | None:
    """Return a summary's number; None where it is something else, which is noted."""
    # Only the first summary of a tag says what the tag is.
    plugin = value.metadata.plugin_data.plugin_name or seen.plugins.get(value.tag, "")
    seen.plugins.setdefault(value.tag, plugin)
    which = value.WhichOneof("value")
    if which == "simple_value":
        return float(value.simple_value)
    if plugin == "scalars" and which == "tensor":
        from tensorboard.util.tensor_util import make_ndarray

        array = make_ndarray(value.tensor)
        if array.size == 1:
            return float(array.item())
    elif plugin == "hparams":
        _note_hyperparams(value, seen)
        return None
    seen.tally.add(plugin or _OLD_KINDS.get(which, which or "summaries without a value"), value.tag)
    return None


def _note_hyperparams(value: Any, seen: _Seen) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    said = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    if said.HasField("session_start_info"):
        begun = said.session_start_info
        for name, given in begun.hparams.items():
            kind = given.WhichOneof("kind")
            seen.hyperparams[name] = None if kind in {None, "null_value"} else getattr(given, kind)
        if begun.start_time_secs:
            seen.started, seen.has_start = begun.start_time_secs, True
    if said.HasField("session_end_info"):
        seen.status = _STATUSES.get(said.session_end_info.status, "finished")

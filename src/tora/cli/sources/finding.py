"""What kind of source lies at a place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tora.cli.points import COLUMNS
from tora.cli.sources import exports, mlflow, mlflowdatabase, mlflowfolder, tables, tensorboard, wandb, wandblog
from tora.cli.sources.records import Kind, Left, Source
from tora.cli.sources.tables import Columns
from tora.errors import ToraValidationError

__all__ = ["kind_of", "opened"]

_HEAD: Final = 1024
_FOLDERS: Final[Mapping[Kind, str]] = {
    "wandb": wandb.PATTERN,
    "tensorboard": tensorboard.PATTERN,
    "csv": tables.PATTERN,
}
"""What a folder of each kind has in it, somewhere."""


def opened(path: Path, kind: Kind | None, columns: Columns) -> Source:
    """Return what lies at a place.

    Args:
        path: The place.
        kind: What it is; None finds out.
        columns: Which columns of tables are no metrics.

    Raises:
        ToraConfigurationError: A package is missing that reads it.
        ToraValidationError: It cannot be read, or has no runs.
    """
    if not path.exists():
        raise ToraValidationError(f"cannot read {path}: No such file or directory")
    is_given = kind is not None
    kind = kind or kind_of(path)
    if kind != "csv" and columns != Columns():
        raise ToraValidationError(f"--step and --time name columns of tables of others, and {path} is of {kind}")
    readers: Mapping[Kind, Callable[[Path], Source]] = {
        "tensorboard": tensorboard.source,
        "wandb": wandb.source,
        "mlflow": mlflowfolder.source if path.is_dir() else mlflowdatabase.source,
        "csv": lambda place: tables.source(place, columns),
        "tora": exports.source,
    }
    found = readers[kind](path)
    if not found.runs:
        raise ToraValidationError(f"{path} has no runs of {kind}; name another place, or another kind with --from")
    return found if is_given else Source(found.runs, (*found.left, *_besides(path, kind)))


def kind_of(path: Path) -> Kind:
    """Return what kind of source lies at a place.

    Raises:
        ToraValidationError: Nothing does that Tora knows.
    """
    if not path.is_dir():
        return _kind_of_file(path)
    kinds = _kinds_in(path)
    if not kinds:
        raise ToraValidationError(
            f"{path} has nothing in it that Tora can import; it takes folders of TensorBoard, wandb, MLflow (mlruns) "
            "or CSV tables, and files of these and of `tora export`"
        )
    return kinds[0]


def _kind_of_file(path: Path) -> Kind:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as exc:
        raise ToraValidationError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if head.startswith(wandblog.HEAD):
        return "wandb"
    if head.startswith(mlflow.DATABASE):
        return "mlflow"
    if path.match(tensorboard.PATTERN):
        return "tensorboard"
    is_text = not head.startswith((b"PAR1", b"{")) and path.suffix in {".csv", ".tsv", ".txt"}
    is_own = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip() == ",".join(COLUMNS).encode()
    return "csv" if is_text and head and not is_own else "tora"


def _kinds_in(path: Path) -> list[Kind]:
    """Return the kinds of a folder, first what it is: MLflow and wandb keep event files and tables among their own."""
    if mlflowfolder.is_store(path):
        return ["mlflow"]
    return [kind for kind, pattern in _FOLDERS.items() if next(path.rglob(pattern), None) is not None]


def _besides(path: Path, kind: Kind) -> tuple[Left, ...]:
    """Return what else lies in a folder: it is told, not taken."""
    others = [other for other in _kinds_in(path) if other != kind] if path.is_dir() else []
    return tuple(
        Left(f"files of {other} (import them with --from {other})", len(names), names)
        for other in others
        if (names := tuple(found.relative_to(path).as_posix() for found in sorted(path.rglob(_FOLDERS[other]))))
    )

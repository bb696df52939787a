"""Tora's own exports."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tora.cli.points import read_about, read_points
from tora.cli.sources.records import Run, Source, Tally
from tora.errors import ToraValidationError

__all__ = ["source"]


def source(path: Path) -> Source:
    """Return the run of a file that was read to its end, and found to be right.

    Raises:
        ToraValidationError: Something in it is wrong.
    """
    count = sum(1 for _ in read_points(path))
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise ToraValidationError(f"cannot read {path}: {exc}") from exc
    about, tally = read_about(path), Tally()
    name = path.stem or "import"
    run = Run(
        kind="tora",
        identity=f"{name}\n{digest}",
        name=tally.name(about.name or name, "import"),
        points=lambda: read_points(path),
        count=count,
        description=about.description or f"Imported from {path.name!r}",
        hyperparams=tally.hyperparams({pair.key: pair.value for pair in about.hyperparams}),
        tags=tally.tags(about.tags),
        notes=tally.notes(about.notes),
        started=about.created_at,
        ended=about.ended_at,
        status="failed" if about.status == "failed" else "stopped" if about.status == "stopped" else "finished",
        left=tally.left(),
    )
    return Source([run])

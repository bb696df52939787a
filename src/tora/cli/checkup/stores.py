"""The two databases of a data folder: whole, of a known form, and holding what was acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tora import rendezvous
from tora.cli.checkup.result import Check, fine, odd, wrong

__all__ = ["store_checks"]


def store_checks(folder: Path) -> Iterator[Check]:
    """Look at the databases of a folder; a running server keeps everybody out of its own."""
    from tora.server.catalog.errors import CatalogError
    from tora.server.catalog.file import look_at as look_at_catalog
    from tora.server.catalog.migrate import HEAD
    from tora.server.metrics.base import StoreError
    from tora.server.metrics.duckdb.opening import look_at as look_at_metrics
    from tora.server.metrics.duckdb.schema import VERSION

    if not folder.is_dir():
        return
    if rendezvous.is_held(folder):
        yield fine("databases", "the server has them open, and checked them when it started")
        return
    yield from _look(folder / "catalog.sqlite", look_at_catalog, HEAD, CatalogError)
    yield from _look(folder / "metrics.duckdb", look_at_metrics, VERSION, StoreError)


def _look(path: Path, look: Callable[[Path], Any], newest: object, error: type[Exception]) -> Iterator[Check]:
    name = path.name
    left = [each.name for each in path.parent.glob(f"{name}*")]
    if not left:
        yield odd(name, "is not there yet", "a server makes it, unless it was told to keep that elsewhere")
        return
    if not path.exists() or not path.stat().st_size:
        yield wrong(name, f"is gone or empty, though {left[0]} is there", "restore a backup with `tora restore`")
        return
    try:
        version = look(path)
    except (error, OSError) as exc:
        yield wrong(name, str(exc), "restore a backup with `tora restore`")
        return
    if version not in {None, newest}:
        yield odd(name, f"has the older form {version}", f"the next start brings it to {newest}; make a backup first")
        return
    yield fine(name, f"is whole, in form {newest}")

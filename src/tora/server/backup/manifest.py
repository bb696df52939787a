"""What stands first in a backup: what it holds, so that what comes out can be held against what went in."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Final

import msgspec

from tora._version import __version__
from tora.server.catalog.copies import count_copy as count_catalog
from tora.server.metrics.duckdb.copies import count_copy as count_metrics
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE

__all__ = ["FILES", "FORMAT", "MANIFEST", "Counts", "FileEntry", "Manifest", "count"]

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
FILES: Final = (CATALOG_FILE, METRICS_FILE)


class FileEntry(msgspec.Struct, frozen=True):
    """One file: its size in bytes, and the SHA-256 of its content in hexadecimal digits."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileEntry:
        """Return the entry of a file that nobody writes."""
        with path.open("rb") as file:
            return cls(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


class Counts(msgspec.Struct, frozen=True):
    """How much there is: rows of each table of either store, and the points of each experiment."""

    catalog: dict[str, int]
    metrics: dict[str, int]
    experiments: dict[str, int]


class Manifest(msgspec.Struct, frozen=True):
    """The first member of a backup.

    Attributes:
        format: The version of this form.
        tora: The version of Tora that made it.
        made_at: When; everything acknowledged before is in it.
    """

    format: int
    tora: str
    made_at: dt.datetime
    files: dict[str, FileEntry]
    counts: Counts

    @classmethod
    def of(cls, folder: Path, made_at: dt.datetime) -> Manifest:
        """Return the manifest of the copies in a folder.

        Raises:
            StoreError, CatalogError: A copy cannot be read.
        """
        files = {name: FileEntry.of(folder / name) for name in FILES}
        return cls(FORMAT, __version__, made_at, files, count(folder))


def count(folder: Path) -> Counts:
    """Count what the files of a folder hold that nobody has open.

    Raises:
        StoreError, CatalogError: One cannot be read.
    """
    catalog, metrics = count_catalog(folder / CATALOG_FILE), count_metrics(folder / METRICS_FILE)
    points = {**dict.fromkeys(sorted(catalog.experiments), 0), **metrics.experiments}
    return Counts(catalog.tables, dict(metrics.tables), points)

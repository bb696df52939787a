"""Making a backup while the server works."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen

from tora.server.backup.archive import Archive
from tora.server.backup.manifest import Manifest
from tora.server.catalog import Catalog
from tora.server.catalog.copies import count_copy
from tora.server.metrics.base import MetricsStore
from tora.server.metrics.duckdb.copies import finish_copy
from tora.server.refusals import Refusal
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE

__all__ = ["Backups"]

_PREFIX: Final = ".backup."
_SPARE: Final = 64 * 1024 * 1024
"""Bytes that a backup leaves free, for what comes in meanwhile."""


@frozen
class Backups:
    """Makes backups of a data folder, one at a time.

    Attributes:
        folder: The data folder; copies are made in it, and removed in every case.
    """

    folder: Path
    catalog: Catalog
    metrics: MetricsStore
    _turn: asyncio.Lock = field(factory=asyncio.Lock)

    def remove_leftovers(self) -> None:
        """Remove the copies that a killed server was making."""
        for path in self.folder.glob(f"{_PREFIX}*"):
            shutil.rmtree(path, ignore_errors=True)

    @asynccontextmanager
    async def made(self) -> AsyncIterator[Archive]:
        """Make a backup that is there for the length of the block; everything acknowledged before is in it.

        First the points are copied and then the catalog, so that no point is without its experiment.

        Raises:
            Refusal: Another one is being made, or what would be in it is not in the folder.
            StoreError, CatalogError: A copy cannot be made, or is damaged.
        """
        if self.catalog.is_elsewhere:
            raise Refusal(
                409,
                "elsewhere",
                "this server keeps its catalog in PostgreSQL, which has its own backups: use pg_dump or a base backup, "
                "or take all into a data folder with `tora migrate` and run `tora backup --dir` there",
            )
        if self.metrics.is_elsewhere:
            raise Refusal(
                409,
                "elsewhere",
                "this server keeps its points in ClickHouse, which has its own backups: use those, "
                "or take all into a data folder with `tora migrate` and run `tora backup --dir` there",
            )
        if self._turn.locked():
            raise Refusal(409, "busy", "another backup is being made; ask again when it is done", {"Retry-After": "60"})
        async with self._turn:
            self._check_room()
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=_PREFIX) as name:
                yield await self._copied(Path(name))

    async def _copied(self, folder: Path) -> Archive:
        made_at = dt.datetime.now(dt.UTC)
        await self.metrics.copy_to(folder / METRICS_FILE)
        await self.catalog.copy_to(folder / CATALOG_FILE)
        return await asyncio.to_thread(_finished, folder, made_at)

    def _check_room(self) -> None:
        taken = sum(
            path.stat().st_size for name in (CATALOG_FILE, METRICS_FILE) for path in self.folder.glob(f"{name}*")
        )
        free = shutil.disk_usage(self.folder).free
        if free < taken + _SPARE:
            raise Refusal(
                507,
                "storage_full",
                f"a backup needs room for a copy in {self.folder}: {taken + _SPARE:,} bytes, and {free:,} are free",
            )


def _finished(folder: Path, made_at: dt.datetime) -> Archive:
    experiments = count_copy(folder / CATALOG_FILE).experiments
    finish_copy(folder / METRICS_FILE, experiments)
    return Archive(folder, Manifest.of(folder, made_at))

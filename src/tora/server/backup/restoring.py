"""Making a data folder of a backup: whole or not at all, and only of what was backed up."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from tora.server.backup.manifest import FILES, FORMAT, MANIFEST, FileEntry, Manifest, count
from tora.server.catalog import Catalog, CatalogError
from tora.server.metrics.base import StoreError
from tora.server.metrics.duckdb.copies import finish_copy
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE

__all__ = ["RestoreError", "restore"]

_PIECE: Final = 1024 * 1024
_LARGEST_MANIFEST: Final = 256 * _PIECE


class RestoreError(Exception):
    """The backup cannot be used, or the folder; nothing was made."""


def restore(file: Path, folder: Path, advance: Callable[[int], None] = lambda _: None) -> Manifest:
    """Make a data folder of a backup.

    Both databases are held against the manifest, byte for byte and count for count, and opened as a
    server would, before the folder gets its name.

    Args:
        file: The backup.
        folder: Where to make it; what is there must be empty.
        advance: Told of each piece that was read how long it was.

    Raises:
        RestoreError: The message says what is wrong, and what to do.
    """
    folder = folder.resolve()
    _check_target(folder)
    with _staging(folder) as stage:
        manifest = _unpacked(file, stage, advance)
        _check(file, stage, manifest)
        try:
            stage.rename(folder)  # over an empty folder, too
        except OSError as exc:
            raise RestoreError(
                f"cannot give the restored folder its name {folder}: {exc.strerror}; choose one that is not there yet, "
                "on a disk of its own one inside it"
            ) from exc
    return manifest


def _check_target(folder: Path) -> None:
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as exc:
        raise RestoreError(f"cannot look into {folder}: {exc.strerror}") from exc
    if taken:
        raise RestoreError(f"{folder} is not empty, and nothing is overwritten; choose another or move it away")


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.restoring."))
    except OSError as exc:
        raise RestoreError(f"cannot write beside {folder}: {exc.strerror}") from exc
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _unpacked(file: Path, stage: Path, advance: Callable[[int], None]) -> Manifest:
    """Write the databases of a backup; no name, size or link in it is believed but those that must be there."""
    try:
        with tarfile.open(file, "r:") as tar:
            manifest = _manifest(tar, file)
            for name in manifest.files:
                member = tar.next()
                _check_member(member, name, manifest.files[name].size, file)
                _write(tar, member, stage / name, manifest.files[name], advance)
            return manifest
    except tarfile.TarError as exc:
        raise RestoreError(f"{file} is no backup of Tora, or is cut short: {exc}") from exc
    except OSError as exc:
        raise RestoreError(f"cannot unpack {file} into {stage.parent}: {exc.strerror or exc}") from exc


def _manifest(tar: tarfile.TarFile, file: Path) -> Manifest:
    member = tar.next()
    _check_member(member, MANIFEST, None, file)
    data = _opened(tar, member).read()
    try:
        form = msgspec.json.decode(data, type=_Form).format
        if form > FORMAT:
            raise RestoreError(f"{file} was made by a newer Tora (form {form}, this one knows {FORMAT}); upgrade Tora")
        manifest = msgspec.json.decode(data, type=Manifest)
    except msgspec.MsgspecError as exc:
        raise RestoreError(f"{file} is no backup of Tora: its {MANIFEST} does not say what it holds ({exc})") from exc
    if set(manifest.files) != set(FILES):
        raise RestoreError(f"{file} is no whole backup: it must hold {' and '.join(FILES)}")
    return manifest


class _Form(msgspec.Struct):
    format: int


def _check_member(member: tarfile.TarInfo | None, name: str, size: int | None, file: Path) -> None:
    if member is None:
        raise RestoreError(f"{file} is cut short: {name} is missing; make another backup, or use an earlier one")
    plain = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE}
    fits = member.size <= _LARGEST_MANIFEST if size is None else member.size == size
    if member.name != name or not plain or not fits:
        raise RestoreError(f"{file} is no backup of Tora, or is damaged: {name} should come next")


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> IO[bytes]:
    found = None if member is None else tar.extractfile(member)
    if found is None:
        raise tarfile.ReadError("not a file")
    return found


def _write(
    tar: tarfile.TarFile, member: tarfile.TarInfo | None, path: Path, entry: FileEntry, advance: Callable[[int], None]
) -> None:
    digest = hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target, _opened(tar, member) as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
            advance(len(piece))
        target.flush()
        os.fsync(target.fileno())
    if digest.hexdigest() != entry.sha256:
        raise RestoreError(f"{path.name} in the backup is damaged: it is not what was written; use another backup")


def _check(file: Path, stage: Path, manifest: Manifest) -> None:
    """Count what is there before anything may change it, then open it: an older Tora's is brought to today's form."""
    try:
        found = count(stage)
        if found != manifest.counts:
            raise RestoreError(f"{file} does not hold what its manifest says; use another backup")
        asyncio.run(_open_catalog(stage / CATALOG_FILE))
        finish_copy(stage / METRICS_FILE)
    except (CatalogError, StoreError) as exc:
        raise RestoreError(f"the data in {file} cannot be used: {exc}") from exc


async def _open_catalog(path: Path) -> None:
    async with Catalog.in_file(path):
        pass

"""The data folder: whose it is, who may look in, how much room there is, and what waits in it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tora import rendezvous
from tora.cli.checkup.result import Check, fine, odd, wrong
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE

__all__ = ["folder_checks"]

_PRIVATE: Final = (CATALOG_FILE, "local-key", METRICS_FILE, "server.json", "server.lock")
_LEFT: Final = (".backup.*", ".export.*")
_GIB: Final = 1024**3
_SCARCE: Final = 5 * _GIB
_TOO_LITTLE: Final = _GIB // 4


def folder_checks(folder: Path) -> Iterator[Check]:
    """Look at a data folder."""
    name = "data folder"
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except FileNotFoundError:
        yield odd(name, f"{folder} is not there yet", "it is made by the first experiment, or by `tora server`")
        return
    except OSError as exc:
        yield wrong(name, f"{folder} cannot be looked at: {exc.strerror}", "give your user the right to use it")
        return
    if not folder.is_dir():
        yield wrong(name, f"{folder} is no folder", "move the file away, or choose another with --dir or TORA_DIR")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield wrong(name, f"{folder} cannot be read and written by you", "run this as its own user, or mend its rights")
        return
    if mode & 0o077:
        yield wrong(name, f"{folder} has the mode {mode:04o}: others may look in", f"run: chmod 700 {folder}")
    else:
        yield fine(name, f"{folder} is yours alone")
    yield from _files(folder)
    yield _room(folder)
    yield from _owner(folder)
    yield _journals(folder)


def _files(folder: Path) -> Iterator[Check]:
    open_to_others = [
        path for name in _PRIVATE if (path := folder / name).exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_to_others:
        paths = " ".join(map(str, open_to_others))
        yield wrong("files", f"others may read or write {paths}", f"run: chmod 600 {paths}")
    else:
        yield fine("files", "nobody else may read them")


def _room(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:.1f} GiB are free"
    if free < _TOO_LITTLE:
        return wrong("disk", found, "make room: a full disk takes no metrics, which then wait with their clients")
    if free < _SCARCE:
        return odd("disk", found, "make room before it is full")
    return fine("disk", found)


def _owner(folder: Path) -> Iterator[Check]:
    info = rendezvous.read(folder)
    if rendezvous.is_held(folder):
        who = (
            "a server that starts or ends"
            if info is None
            else f"the server at {info.url} (process {info.pid}, {info.host})"
        )
        yield fine("owner", f"{who} has it")
        return
    yield fine("owner", "no server runs")
    if info is not None:
        yield odd("owner", f"the last server, process {info.pid} on {info.host}, was killed", "the next one finds all")
    left = sorted(path.name for pattern in _LEFT for path in folder.glob(pattern))
    if left:
        yield odd("leftovers", f"{', '.join(left)} of a killed server", "the next one removes them when it starts")


def _journals(folder: Path) -> Check:
    from tora._async.adoption import look_around

    found = look_around(folder)
    if found.strange:
        return wrong("journals", "; ".join(map(str, found.strange)), "look at them: `tora sync` cannot send them")
    waiting = sum(orphan.waiting() for orphan in found.orphans)
    if waiting:
        where = f"{waiting:,} metrics wait in {len(found.orphans)} journals"
        return odd("journals", where, "run: tora sync")
    return fine("journals", "nothing waits to be sent")

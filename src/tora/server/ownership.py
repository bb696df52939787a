"""A data folder belongs to one server at a time, and says which."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from tora import rendezvous

__all__ = ["FolderError", "FolderOwnedError", "owned", "usable"]

# A client that looks whether the lock is held holds it for an instant itself.
GLANCE: Final = 1.0
# An owner without a ``server.json`` is starting or ending; both are over within this time.
PATIENCE: Final = 10.0


class FolderError(Exception):
    """The data folder cannot be used."""


class FolderOwnedError(FolderError):
    """Another server owns the folder; the message says which."""


@contextmanager
def owned(folder: Path) -> Iterator[str]:
    """Own the folder, made if need be, and yield its local key.

    Raises:
        FolderOwnedError: Another server has it.
        FolderError: It cannot be made, or files in it cannot be locked or written.
    """
    with usable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _acquired(folder)
    with lock:
        with usable(folder):
            rendezvous.remove(folder)  # a killed server left it
            key = _key(folder)
        try:
            yield key
        finally:
            rendezvous.remove(folder)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turn the system's errors about files of the folder into FolderError."""
    try:
        yield
    except OSError as exc:
        raise FolderError(
            f"cannot use the data folder {folder}: {exc}; make it writable and make room, "
            "or choose another with --dir or TORA_DIR"
        ) from exc


def _acquired(folder: Path) -> FileLock:
    lock = FileLock(rendezvous.lock_path(folder), mode=0o600, thread_local=False)
    start = time.monotonic()
    while True:
        try:
            lock.acquire(timeout=GLANCE, poll_interval=0.02)
        except Timeout:
            if rendezvous.read(folder) is not None or time.monotonic() - start > PATIENCE:
                raise FolderOwnedError(_owner(folder)) from None
        else:
            return lock


def _owner(folder: Path) -> str:
    info = rendezvous.read(folder)
    if info is None:
        return f"another server, which does not answer yet, owns the data folder {folder}"
    return (
        f"the data folder {folder} is owned by the Tora server at {info.url} (process {info.pid} on {info.host}); "
        "use that one, end it first, or choose another folder with --dir"
    )


def _key(folder: Path) -> str:
    if found := rendezvous.local_key(folder):
        return found
    key = secrets.token_urlsafe(32)
    rendezvous.write_private(rendezvous.key_path(folder), f"{key}\n".encode())
    return key

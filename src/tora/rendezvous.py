"""How a local server and its clients find each other: small files in the data folder.

=============== ====================================================================================
``server.lock``  locked by the server that owns the folder, for as long as it lives
``server.json``  who that server is; written once it answers, removed when it ends in good order
``local-key``    the key of this folder's server, for this user alone (mode 0600)
=============== ====================================================================================

A ``server.json`` says something only while the lock is held: a killed server leaves its file behind.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from pathlib import Path

import msgspec
from attrs import frozen

from tora.forks import no_fork

__all__ = [
    "ServerInfo",
    "is_held",
    "key_path",
    "local_key",
    "lock_path",
    "opener",
    "read",
    "remove",
    "write",
    "write_private",
]


@frozen
class ServerInfo:
    """The server that owns a data folder.

    Attributes:
        url: The address to send requests to, without a slash at its end.
        host: The name of the machine that it runs on; the folder may be on a network disk.
        started: Unix seconds.
    """

    url: str
    host: str
    pid: int
    port: int
    version: str
    started: float


def lock_path(folder: Path) -> Path:
    """Return the file that the owning server keeps locked."""
    return folder / "server.lock"


def key_path(folder: Path) -> Path:
    """Return the file that holds the folder's own key."""
    return folder / "local-key"


def opener(key: str) -> str:
    """Return what signs a browser in as the folder's own user, made from the folder's key, which it does not tell.

    It stands after the ``#`` of printed addresses, which browsers send to nobody.
    """
    return "to_" + hmac.new(key.encode(), b"browser", hashlib.sha256).hexdigest()[:32]


def read(folder: Path) -> ServerInfo | None:
    """Return what the last server of the folder said of itself, None where nothing readable stands."""
    try:
        return msgspec.json.decode(_info_path(folder).read_bytes(), type=ServerInfo)
    except (OSError, msgspec.MsgspecError):
        return None


def write(folder: Path, info: ServerInfo) -> None:
    """Say who owns the folder; a reader sees the whole file or none."""
    write_private(_info_path(folder), msgspec.json.encode(info))


def remove(folder: Path) -> None:
    """Take back what `write` said."""
    _info_path(folder).unlink(missing_ok=True)


def is_held(folder: Path) -> bool:
    """Return whether a living server owns the folder.

    The lock is taken for an instant to find out, so a server that starts waits a moment before it
    believes that another one has it.
    """
    with no_fork:
        from filelock import FileLock, Timeout  # only those who look for a local server need it

    if not lock_path(folder).exists():
        return False
    try:
        with FileLock(lock_path(folder), timeout=0, mode=0o600):
            return False
    except Timeout:
        return True


def local_key(folder: Path) -> str | None:
    """Return the folder's own key, None where there is none that this user may read."""
    try:
        return key_path(folder).read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def write_private(path: Path, data: bytes) -> None:
    """Replace a file at once by one that its owner alone may read."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _info_path(folder: Path) -> Path:
    return folder / "server.json"

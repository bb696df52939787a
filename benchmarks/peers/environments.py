"""Virtual environments, made once and kept: one a peer, and an empty one to compare with."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

__all__ = ["Environment", "InstallationError", "empty", "made"]

_STAMP = "requirement.txt"


class InstallationError(Exception):
    """A peer cannot be installed; the text says why."""


@frozen
class Environment:
    """A virtual environment on this machine."""

    folder: Path

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return self.folder / "bin" / "python"

    def _site(self) -> Path:
        [site] = (self.folder / "lib").glob("python*/site-packages")
        return site

    def size(self) -> int:
        """Return the bytes of all files in its site-packages."""
        return sum(file.stat().st_size for file in self._site().rglob("*") if file.is_file() and not file.is_symlink())

    def distributions(self) -> int:
        """Return how many distributions are installed."""
        return len(list(self._site().glob("*.dist-info")))


def empty(envs: Path) -> Environment:
    """Return the environment with nothing but pip."""
    return _made(envs / "empty", stamp="", steps=())


def made(envs: Path, name: str, requirement: str) -> Environment:
    """Return the environment with a package in it; a checkout is installed anew when its files have changed.

    Raises:
        InstallationError: It cannot be made.
    """
    if not Path(requirement).is_absolute():
        return _made(envs / name, requirement, (("install", requirement),))
    # Without the first step pip would take the same version for the same package.
    return _made(envs / name, _digest(Path(requirement)), (("uninstall", "--yes", "tora"), ("install", requirement)))


def _made(folder: Path, stamp: str, steps: tuple[tuple[str, ...], ...]) -> Environment:
    environment = Environment(folder)
    stamp = f"{sys.version_info[:2]} {stamp}"
    if (folder / _STAMP).exists() and (folder / _STAMP).read_text(encoding="utf-8") == stamp:
        return environment
    if not environment.python.exists() or not steps:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(folder)])
    for step in steps:
        _run([str(environment.python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *step])
    (folder / _STAMP).write_text(stamp, encoding="utf-8")
    return environment


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise InstallationError(f"{type(exc).__name__}: {exc}") from exc
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise InstallationError(said[-1].strip() if said else f"exit code {done.returncode}")


def _digest(checkout: Path) -> str:
    found = hashlib.sha256((checkout / "pyproject.toml").read_bytes())
    for file in sorted(_sources(checkout)):
        found.update(file.read_bytes())
    return found.hexdigest()


def _sources(checkout: Path) -> Iterator[Path]:
    return (file for file in (checkout / "src").rglob("*") if file.is_file() and file.suffix != ".pyc")

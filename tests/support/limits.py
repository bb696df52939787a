"""Full disks: a limit on the size of files, which needs no rights, and a real small one where it can be had."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.serving import Server

__all__ = ["FullDisk", "filled_disk", "limited_files", "small_disk"]

FullDisk = Callable[[Server], None]


@contextmanager
def limited_files(server: Server, size: int) -> Iterator[None]:
    """Let no file of a running server grow beyond a size during a block."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("this system cannot limit another process")
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        if server.process.poll() is None:
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small disk in memory for a block; skip the test where that is not allowed."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def filled_disk(place: Path) -> Iterator[None]:
    """Let no byte be free on a disk during a block."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        part = 1024 * 1024
        while part:
            try:
                file.write(bytes(part))
            except OSError:
                part //= 2
    try:
        yield
    finally:
        filler.unlink()

"""The form of a backup: a plain tar of the manifest and the two databases, written piece by piece."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from tora.server.backup.manifest import MANIFEST, Manifest

__all__ = ["Archive"]

_PIECE: Final = 1024 * 1024
_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)


@frozen
class Archive:
    """A backup that is ready to be sent.

    Attributes:
        folder: Where the copies are.
        manifest: What they hold.
    """

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """A name for the file."""
        return f"tora-{self.manifest.made_at:%Y%m%d-%H%M%S}.tar"

    @property
    def size(self) -> int:
        """Its length in bytes."""
        sizes = [len(self._manifest), *(entry.size for entry in self.manifest.files.values())]
        return sum(_BLOCK + size + _padding(size) for size in sizes) + len(_END)

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes."""
        yield self._header(MANIFEST, len(self._manifest)) + self._manifest + bytes(_padding(len(self._manifest)))
        for name, entry in self.manifest.files.items():
            yield self._header(name, entry.size)
            with (self.folder / name).open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
            yield bytes(_padding(entry.size))
        yield _END

    @property
    def _manifest(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self.manifest), indent=1)

    def _header(self, name: str, size: int) -> bytes:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        entry.mtime = int(self.manifest.made_at.timestamp())
        return entry.tobuf(tarfile.GNU_FORMAT)  # of any size, in one block


def _padding(size: int) -> int:
    return -size % _BLOCK

"""The records of a ``.wandb`` file, which is a log in LevelDB's format with a head of its own.

wandb read them in Python until its version 0.22, and reads them in Go alone since. The format is as LevelDB's
``log_format.md`` says: blocks of 32 KiB, in them parts of records with a checksum, a length and a type.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from tora.cli.sources.records import Tally
from tora.errors import ToraValidationError

__all__ = ["HEAD", "records"]

HEAD: Final = b":W&B\xe1\xbe"
"""How a file begins; a byte with the version follows."""

_BLOCK: Final = 32 * 1024
_PART: Final = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CHECKSUMS: Final = [zlib.crc32(bytes([kind])) for kind in range(5)]


class _CutOffError(Exception):
    """The file goes on with something that is no part of a record."""


def records(path: Path, tally: Tally) -> Iterator[bytes]:
    """Yield a file's records; what is cut off, as in the file of a run that was killed, or damaged, ends it.

    Raises:
        ToraValidationError: It cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(HEAD) + 1)[: len(HEAD)] != HEAD:
                raise ToraValidationError(f"{path} is no .wandb file: it does not begin as wandb's logs do")
            try:
                yield from _records(file)
            except _CutOffError:
                tally.add("rest of a file from a record on that is cut off or damaged", path.name)
    except OSError as exc:
        if isinstance(exc, ToraValidationError):
            raise
        raise ToraValidationError(f"cannot read {path}: {exc.strerror or exc}") from exc


def _records(file: BinaryIO) -> Iterator[bytes]:
    begun: list[bytes] = []
    place = file.tell()
    while True:
        room = _BLOCK - place % _BLOCK
        if room < _PART.size:
            place += len(file.read(room))
        head = file.read(_PART.size)
        if not head and not begun:
            return
        kind, data = _part(head, file)
        place += len(head) + len(data)
        if (kind in {_WHOLE, _FIRST}) == bool(begun):
            raise _CutOffError
        begun.append(data)
        if kind in {_WHOLE, _LAST}:
            yield b"".join(begun)
            begun = []


def _part(head: bytes, file: BinaryIO) -> tuple[int, bytes]:
    if len(head) < _PART.size:
        raise _CutOffError
    checksum, length, kind = _PART.unpack(head)
    data = file.read(length)
    if not _WHOLE <= kind <= _LAST or len(data) < length or zlib.crc32(data, _CHECKSUMS[kind]) != checksum:
        raise _CutOffError
    return kind, data

"""A checksum of an experiment's points in the order of their arrival, whatever chunks they come in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np

from tora.server.metrics.base import Chunk

__all__ = ["Checksum"]

_NO_STEP: Final = -1
_NONE: Final = np.array(None, object)
_ROW: Final = np.dtype([("name", "<u4"), ("writer", "<u4"), ("step", "<i8"), ("time", "<f8"), ("value", "<f8")])


class Checksum:
    """Grows with each chunk; equal where every point is: bit for bit, but that all NaN are one.

    Attributes:
        points: How many points it has seen.
    """

    def __init__(self) -> None:
        self.points = 0
        # One for each, since what comes first of two depends on how points are cut into chunks.
        self._rows = hashlib.blake2b()
        self._metadata = _Texts()
        self._names = _Codes()
        self._writers = _Codes()

    def add(self, chunk: Chunk) -> None:
        """Take the next points."""
        rows = np.empty(len(chunk.value), _ROW)
        rows["name"] = self._names.of(chunk.name)
        rows["writer"] = self._writers.of(chunk.writer)
        rows["step"] = np.ma.filled(chunk.step, _NO_STEP)
        rows["time"] = chunk.time
        # NaN has many bit patterns, and stores keep one.
        rows["value"] = np.where(np.isnan(chunk.value), np.nan, chunk.value)
        self._rows.update(rows.tobytes())
        for place in np.flatnonzero(np.not_equal(chunk.metadata, _NONE)).tolist():
            self._metadata.add(self.points + place, chunk.metadata[place])
        self.points += len(rows)

    def hexdigest(self) -> str:
        """Return the checksum of what it has seen."""
        parts = (self._rows, self._metadata.hash, self._names.texts.hash, self._writers.texts.hash)
        return hashlib.blake2b(b"".join(part.digest() for part in parts), digest_size=16).hexdigest()


class _Texts:
    """A hash of numbered texts."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b()

    def add(self, number: int, text: str) -> None:
        encoded = text.encode()
        self.hash.update(b"%d %d " % (number, len(encoded)))
        self.hash.update(encoded)


class _Codes(dict[str, int]):
    """Numbers texts in the order in which they come first."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = _Texts()

    def of(self, column: Iterable[str]) -> np.ndarray:
        return np.fromiter(map(self.__getitem__, column), np.uint32)

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        self.texts.add(code, text)
        return code

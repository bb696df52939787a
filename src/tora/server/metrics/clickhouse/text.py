"""Values as they stand in a statement. Nothing of a caller's gets into SQL but through here."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["array", "double", "hash64", "integers", "quoted", "texts"]


@lru_cache(maxsize=100_000)
def hash64(text: str) -> int:
    """Return the number that stands for a name in the tables: 64 bits, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def quoted(text: str) -> str:
    r"""Return a text as a literal.

    >>> quoted("it's")
    "'it\\'s'"
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def texts(values: Iterable[str]) -> str:
    """Return texts as what stands after IN."""
    return f"({', '.join(map(quoted, values))})"


def integers(values: Iterable[int]) -> str:
    """Return numbers as what stands after IN."""
    return f"({', '.join(map(str, map(int, values)))})"


def array(values: Iterable[int], kind: str) -> str:
    """Return numbers as an array of a kind of the engine's integers."""
    return f"CAST([{', '.join(map(str, values))}], 'Array({kind})')"


def double(value: float) -> str:
    """Return a double exactly: older engines read some decimal fractions a little off."""
    return f"reinterpretAsFloat64(unhex('{struct.pack('<d', value).hex()}'))"

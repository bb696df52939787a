"""What frameworks report, made into what Tora takes: a number or None, a name or hyperparameters that are valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, SupportsFloat
from zlib import crc32

__all__ = ["hyperparams", "metric_name", "number"]

# The limits of docs/protocol.md; a test holds them to what Tora checks.
LONGEST_NAME: Final = 250
MOST_HYPERPARAMS: Final = 1_000
LARGEST_HYPERPARAM: Final = 10_000  # bytes of JSON
# A text of so many characters is within the bytes, whatever JSON makes of each.
LONGEST_TEXT: Final = 1_600

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def number(value: object) -> float | None:
    """Return one number as a float, be it Python's, numpy's or a tensor of one element; None for all else."""
    try:
        # Before float(): arrays of one element and tensors with a gradient warn when they are made floats.
        item = getattr(value, "item", None)
        alone = item() if callable(item) else value
        return float(alone) if isinstance(alone, SupportsFloat) else None
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None


@lru_cache(maxsize=10_000)
def metric_name(name: object) -> str:
    """Return a name as it is where it is valid, else the nearest one that is.

    Of a long one the end becomes a checksum, so that names which differ stay different.
    """
    text = _CONTROL.sub("_", str(name)) or "unnamed"
    if len(text) <= LONGEST_NAME:
        return text
    return f"{text[: LONGEST_NAME - 9]}-{crc32(text.encode()):08x}"


def hyperparams(found: Mapping[Any, Any]) -> dict[str, Any]:
    """Return hyperparameters as one flat mapping within the limits, text for what JSON cannot say.

    Where two come to the same name the first holds; beyond 1,000 they are left out.
    """
    flat: dict[str, Any] = {}
    for name, value in _flattened("", found, 0):
        if len(flat) == MOST_HYPERPARAMS:
            break
        flat.setdefault(name, value)
    return flat


def _flattened(prefix: str, found: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and depth < 10:
            yield from _flattened(f"{name}.", value, depth + 1)
        else:
            yield metric_name(name), _plain(value)


def _plain(value: object) -> object:
    if value is None or type(value) in {bool, float} or (type(value) is int and abs(value) < 2**63):
        return value
    if isinstance(value, (list, tuple, dict)) and _fits(value):
        return value
    if not isinstance(value, (str, int)) and (figure := number(value)) is not None:
        return figure
    text = str(value).encode(errors="replace").decode()
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _fits(value: object) -> bool:
    try:
        return len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode()) <= LARGEST_HYPERPARAM
    except (TypeError, ValueError, RecursionError):
        return False

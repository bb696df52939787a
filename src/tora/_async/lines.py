"""A look at lines that wait in a queue, while others append to it."""

from __future__ import annotations

from collections import deque
from itertools import islice

from attrs import frozen

__all__ = ["Waiting", "first_of"]


@frozen
class Waiting:
    """Metrics to send next.

    Attributes:
        first_seq: The number of the first; the others follow without a gap.
        lines: The encoded metrics, each with its line end.
    """

    first_seq: int
    lines: list[bytes]


def first_of(lines: deque[bytes], most: int, most_bytes: int) -> list[bytes]:
    """Return the first of some lines, at most so many of at most so many bytes, but at least one."""
    first = _snapshot(lines, most)
    if sum(map(len, first)) <= most_bytes:
        return first
    size = 0
    for index, line in enumerate(first):
        size += len(line)
        if size > most_bytes and index:
            del first[index:]
            break
    return first


def _snapshot(lines: deque[bytes], most: int) -> list[bytes]:
    while True:
        try:
            return list(islice(lines, most))
        except RuntimeError:  # somebody logged just now; once more
            continue

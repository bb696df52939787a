"""Lines that wait, and a look at a queue of them while others append to it."""

from __future__ import annotations

from collections import deque
from itertools import islice

from attrs import frozen

__all__ = ["Waiting", "first_lines", "first_of"]


@frozen
class Waiting:
    """Metrics to send next.

    Attributes:
        first_seq: The number of the first; the others follow without a gap.
        count: How many they are.
        lines: The encoded metrics, each with its line end.
    """

    first_seq: int
    count: int
    lines: bytes


def first_lines(lines: bytes, most: int) -> tuple[int, bytes]:
    """Return how many of some lines are the first, and these: at most so many, though not as many as could be."""
    count, end = lines.count(b"\n"), len(lines)
    while count > most:
        nearer = lines.rfind(b"\n", 0, end * most // count) + 1 or lines.index(b"\n") + 1
        count -= lines.count(b"\n", nearer, end)
        end = nearer
    return count, lines[:end]


def first_of(lines: deque[bytes], most: int, most_bytes: int) -> list[bytes]:
    """Return the first of some lines, at most so many of at most so many bytes, but at least one."""
    first = _snapshot(lines, most)
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

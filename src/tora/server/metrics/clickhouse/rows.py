"""Rows as the engine takes and gives them: `RowBinary`, without a Python object for a point where it has no text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from tora.server.metrics.group import Group

__all__ = ["POINT_COLUMNS", "Ids", "points", "row", "shape"]

Ids = tuple[int, int, int]
"""What a series is called: the hashes of its experiment, its name and its writer."""

POINT_COLUMNS: Final = "eid, nid, wid, ordinal, step, time, value, tick, place, seq, metadata, msg_id"


def shape(**columns: str) -> np.dtype[np.void]:
    """Return the shape of rows of some columns: u1, u4, u8, i8 and f8, without a gap between them."""
    return np.dtype([(name, f"<{kind}") for name, kind in columns.items()])


# An empty text is one byte, its length.
_POINT: Final = shape(
    eid="u8", nid="u8", wid="u8", ordinal="u8", step="i8", time="f8", value="f8", tick="u8", place="u4", seq="u8",
    metadata="u1", msg_id="u1",
)  # fmt: skip
_TEXTS: Final = 2


def points(group: Group, ids_of: Mapping[int, Ids], tick: int) -> bytes:
    """Return the points of a group as the rows of `POINT_COLUMNS`, in the order of their arrival.

    Args:
        group: The points.
        ids_of: The series that their numbers stand for.
        tick: The number of the group.
    """
    rows = np.zeros(len(group.sid), _POINT)
    distinct, series = np.unique(group.sid, return_inverse=True)
    ids = np.array([ids_of[sid] for sid in distinct.tolist()], np.uint64).reshape(-1, 3)
    for place, name in enumerate(("eid", "nid", "wid")):
        rows[name] = ids[:, place][series]
    rows["ordinal"], rows["step"], rows["time"], rows["value"] = group.ordinal, group.step, group.time, group.value
    rows["tick"], rows["place"] = tick, np.arange(len(rows))
    rows["seq"] = 0 if group.seq is None else group.seq
    if group.metadata is None and not group.msg_ids:
        return rows.tobytes()
    metadata = [None] * len(rows) if group.metadata is None else group.metadata.tolist()
    return _with_texts(rows, metadata, group.msg_ids or [None] * len(rows))


def row(shape: str, *values: float | str) -> bytes:
    """Return one row.

    Args:
        shape: A letter a column: u for UInt64, f for Float64, s for String.
        values: What stands in it.
    """
    return b"".join(_value(kind, value) for kind, value in zip(shape, values, strict=True))


def _value(kind: str, value: float | str) -> bytes:
    if kind == "s":
        return _text(str(value))
    return np.array(value, {"u": "<u8", "f": "<f8"}[kind]).tobytes()


def _with_texts(rows: np.ndarray, metadata: Sequence[str | None], msg_ids: Sequence[str | None]) -> bytes:
    """Return the rows with the texts that some have in the place of their last two bytes."""
    plain, width = rows.tobytes(), rows.itemsize
    parts = []
    done = 0
    for place, texts in enumerate(zip(metadata, msg_ids, strict=True)):
        if any(texts):
            end = (place + 1) * width
            parts += [plain[done : end - _TEXTS], *(_text(text or "") for text in texts)]
            done = end
    return b"".join([*parts, plain[done:]])


def _text(text: str) -> bytes:
    encoded = text.encode()
    length = len(encoded)
    head = bytearray()
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + encoded

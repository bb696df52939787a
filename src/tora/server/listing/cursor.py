"""Where the next page of a list begins: after a value and an id, not after a number of experiments."""

from __future__ import annotations

import base64
import binascii
import math

import msgspec

from tora import validation, wire
from tora.errors import ToraValidationError
from tora.server.listing.order import Key, Order

__all__ = ["Cursor", "read_cursor", "write_cursor"]


class Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """The last experiment of a page.

    Attributes:
        key: What it was compared by.
        now: The moment of the first page, which durations are told at on all of them: while a list is
            read, what runs would overtake the place. Microseconds since 1970.
    """

    sort: str
    key: tuple[int, int | float | str] | None
    id: str
    now: int


def write_cursor(order: Order, key: Key | None, experiment: str, now: int) -> str:
    """Return the cursor for what follows an experiment."""
    if key is not None and isinstance(key[1], float):
        key = (key[0], wire.number(key[1]))
    return base64.urlsafe_b64encode(msgspec.json.encode(Cursor(order.text, key, experiment, now))).decode()


def read_cursor(text: str, order: Order) -> Cursor:
    """Return the place that a cursor means.

    Raises:
        ToraValidationError: It is none, or belongs to another order.
    """
    try:
        found = msgspec.json.decode(base64.b64decode(text, altchars=b"-_", validate=True), type=Cursor)
        found = msgspec.structs.replace(found, key=_key(found.key))
    except (binascii.Error, msgspec.MsgspecError, ValueError) as exc:
        raise ToraValidationError(
            f"cursor must be the 'next' of an earlier page, unchanged, got {validation.shown(text)}"
        ) from exc
    if found.sort != order.text:
        raise ToraValidationError(
            f"cursor belongs to a list with sort={found.sort}, it cannot go on with sort={order.text}"
        )
    return found


def _key(found: tuple[int, int | float | str] | None) -> Key | None:
    if found is None:
        return None
    kind, value = found
    if kind == 0:
        value = float(value) if isinstance(value, str) else value
        if not math.isnan(value):
            return kind, value
    elif kind == 1 and isinstance(value, str):
        return kind, value
    raise ValueError("it is no place")

"""The order of a list: what its experiments are compared by, those without it last either way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, cast

from attrs import frozen

from tora import validation
from tora.errors import ToraValidationError
from tora.server.listing.matching import as_number, as_text
from tora.server.listing.subject import Subject
from tora.server.listing.tree import Param, Stat

__all__ = ["SORT_PATTERN", "Key", "Order", "order_of", "place_of"]

Column: TypeAlias = Literal["created", "updated", "name", "status", "duration"]

Key: TypeAlias = tuple[int, float | str]
"""Numbers, as 0 and the number, come before texts, as 1 and the text."""

_COLUMNS: Final[Sequence[Column]] = ("created", "updated", "name", "status", "duration")
_STATS: Final = ("last", "min", "max")
_NUMBER, _TEXT = 0, 1

SORT_PATTERN: Final = f"^-?({'|'.join(_COLUMNS)}|param:.+|metric:.+:({'|'.join(_STATS)}))$"
"""What `order_of` takes, for the description of the protocol."""


@frozen
class Order:
    """By what, and whether the largest comes first.

    Attributes:
        text: As it was asked for; a cursor belongs to one.
    """

    text: str
    by: Column | Param | Stat
    descending: bool

    @property
    def in_catalog(self) -> bool:
        """Whether the catalog can tell the order by itself; the status of now and durations it cannot."""
        return self.by in {"created", "updated", "name"}

    def key(self, subject: Subject) -> Key | None:
        """Return what an experiment is compared by; None where it has no such thing."""
        match self.by:
            case Param() | Stat():
                value = subject.value(self.by)
            case "status":
                value = subject.status
            case "duration":
                value = subject.duration
            case "name":
                value = subject.outline.name
            case _:
                value = getattr(subject.outline, self.by)
        return _key(value)


def order_of(text: str) -> Order:
    """Return the order that a ``sort`` asks for.

    Raises:
        ToraValidationError: There is no such order.
    """
    plain = text.removeprefix("-")
    kind, _, rest = plain.partition(":")
    metric, _, stat = rest.rpartition(":")
    by: Column | Param | Stat
    if plain in _COLUMNS:
        by = cast("Column", plain)
    elif kind == "param" and rest:
        by = Param(rest)
    elif kind == "metric" and metric and stat in _STATS:
        by = Stat(metric, cast("Literal['last', 'min', 'max']", stat))
    else:
        raise ToraValidationError(
            f"sort must be one of {', '.join(_COLUMNS)}, param:KEY and metric:NAME:last, min or max, "
            f"with - before it for the largest first, got {validation.shown(text)}"
        )
    return Order(text, by, text.startswith("-"))


def place_of(key: Key | None, experiment: str, *, descending: bool) -> tuple[bool, int, float | str, str]:
    """Return what places are compared by; the larger ones come first where the order is descending."""
    if key is None:
        return (not descending, _NUMBER, 0, experiment)
    return (descending, *key, experiment)


def _key(value: object) -> Key | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return (_NUMBER, int(value))
    number = as_number(value)
    if number is None:
        return (_TEXT, as_text(value).casefold())
    return None if number != number else (_NUMBER, number)  # noqa: PLR0124  # NaN is no place

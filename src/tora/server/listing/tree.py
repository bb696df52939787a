"""An expression as a tree: what `parse` makes of its text, and all that `matches` looks at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from attrs import frozen

__all__ = [
    "All",
    "Any",
    "Comparison",
    "Field",
    "FieldName",
    "Node",
    "Not",
    "Param",
    "Source",
    "Span",
    "Stat",
    "StatName",
    "Want",
    "sources",
]

FieldName: TypeAlias = Literal["name", "status", "tag", "id", "created", "duration"]
StatName: TypeAlias = Literal["last", "min", "max", "count"]


@frozen
class Field:
    """Something that every experiment has."""

    name: FieldName


@frozen
class Param:
    """A hyperparameter."""

    key: str


@frozen
class Stat:
    """One figure of a metric's summary."""

    metric: str
    stat: StatName


Source: TypeAlias = Field | Param | Stat


@frozen
class Span:
    """The time that a date or an instant means: from `start` until before `end`, in microseconds since 1970."""

    start: int
    end: int


@frozen
class Want:
    """What an experiment's value is compared with.

    Attributes:
        text: As it was written, without quotes.
        value: What it means; None for ``null``.
    """

    text: str
    value: bool | int | float | str | Span | None


@frozen
class Comparison:
    """``NAME OP VALUE``.

    Attributes:
        sources: What the name can mean; the first that an experiment has counts.
        op: One of ``<``, ``<=``, ``>``, ``>=``, ``=``, ``!=`` and ``~``.
    """

    sources: Sequence[Source]
    op: str
    want: Want


@frozen
class Not:
    """The contrary of a part."""

    part: Node


@frozen
class All:
    """``and``; of no part at all it is true."""

    parts: Sequence[Node]


@frozen
class Any:
    """``or``."""

    parts: Sequence[Node]


Node: TypeAlias = Comparison | Not | All | Any


def sources(node: Node) -> Iterator[Source]:
    """Yield whatever a tree may look at."""
    match node:
        case Comparison():
            yield from node.sources
        case Not():
            yield from sources(node.part)
        case All() | Any():
            for part in node.parts:
                yield from sources(part)

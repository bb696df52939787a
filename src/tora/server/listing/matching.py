"""Whether an expression is true of an experiment."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from tora.server.listing import tree
from tora.server.listing.subject import Subject
from tora.server.listing.tree import All, Comparison, Node, Not, Span, Want

__all__ = ["as_number", "as_text", "matches"]

_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_NON_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def matches(node: Node, subject: Subject) -> bool:
    """Return whether a tree is true of an experiment."""
    match node:
        case Comparison():
            return _holds(node, subject)
        case Not():
            return not matches(node.part, subject)
        case All():
            return all(matches(part, subject) for part in node.parts)
        case tree.Any():
            return any(matches(part, subject) for part in node.parts)


def as_number(value: object) -> float | None:
    """Return the number that a value is, with the names of what JSON cannot say; None for what is none."""
    if isinstance(value, str):
        return _NON_FINITE.get(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def as_text(value: object) -> str:
    """Return a value as text: itself, or its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _holds(comparison: Comparison, subject: Subject) -> bool:
    found = (subject.value(source) for source in comparison.sources)
    have = next((value for value in found if value is not None), None)
    if have is None:
        return comparison.op == "=" and comparison.want.value is None
    if comparison.want.value is None:
        return comparison.op == "!="
    if comparison.sources[0] == tree.Field("tag"):
        return _holds_of_tags(have, comparison.op, comparison.want)
    return _compare(have, comparison.op, comparison.want)


def _holds_of_tags(tags: Sequence[str], op: str, want: Want) -> bool:
    """Return whether it is true of any tag; that a tag is not there is said of all."""
    if op == "!=":
        return want.text not in tags
    return any(_compare(tag, op, want) for tag in tags)


def _compare(have: Any, op: str, want: Want) -> bool:
    if op == "~":
        return want.text.casefold() in as_text(have).casefold()
    match want.value:
        case Span():
            return _compare_time(have, op, want.value)
        case bool():
            return _compare_alike(have, op, want.value, alike=isinstance(have, bool))
        case int() | float():
            return _compare_number(have, op, want)
        case _:
            alike = isinstance(have, (str, list, dict))
            return _compare_alike(as_text(have) if alike else have, op, want.value, alike=alike)


def _compare_number(have: Any, op: str, want: Want) -> bool:
    number = as_number(have)
    if number is not None:
        both_nan = number != number and want.value != want.value  # noqa: PLR0124  # NaN alone differs from itself
        return op == "=" if both_nan else _ORDERED[op](number, want.value)
    # A name or a tag can look like a number.
    alike = isinstance(have, str) and op in {"=", "!="}
    return _compare_alike(have, op, want.text, alike=alike)


def _compare_alike(have: Any, op: str, want: object, *, alike: bool) -> bool:
    """Compare two values of one kind; of those of different kinds one thing is true, that they differ."""
    return _ORDERED[op](have, want) if alike else op == "!="


def _compare_time(have: int, op: str, span: Span) -> bool:
    match op:
        case "<":
            return have < span.start
        case "<=":
            return have < span.end
        case ">":
            return have >= span.end
        case ">=":
            return have >= span.start
        case _:
            return (span.start <= have < span.end) == (op == "=")

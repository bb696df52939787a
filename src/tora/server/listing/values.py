"""What the right side of a comparison means."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, get_args

from tora.server.listing.tree import Field, Source, Span, Want
from tora.types import Status

__all__ = ["WrongValueError", "wanted"]

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_REAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|[+-]?inf(?:inity)?", re.IGNORECASE)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_WORDS: Final = {"false": False, "null": None, "true": True}
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_MILLISECOND: Final = 1_000  # the protocol writes times with so many microseconds as their last digit
_DAY: Final = 86_400_000_000


class WrongValueError(Exception):
    """The name cannot be compared with this value; the message says with which it can."""


def wanted(source: Source, op: str, written: str) -> Want:
    """Return what a value means in a comparison with a name.

    Args:
        source: What the name means in the first place.
        op: The operator.
        written: The value with its quotes.

    Raises:
        WrongValueError: It can never be right.
    """
    text, value = _literal(written)
    if value is None and op not in {"=", "!="}:
        raise WrongValueError("null can be compared with = and != alone")
    if op == "~" or value is None:
        return Want(text, value)
    if source == Field("created"):
        return Want(text, _span(text))
    if source == Field("duration") and (isinstance(value, (bool, str))):
        raise WrongValueError("duration is compared with a number of seconds")
    if source == Field("status") and text not in get_args(Status):
        raise WrongValueError(f"status is one of {', '.join(get_args(Status))}")
    return Want(text, value)


def _literal(written: str) -> tuple[str, bool | float | str | None]:
    if written[0] in "'\"":
        text = _ESCAPED.sub(r"\1", written[1:-1])
        return text, text
    if written.casefold() in _WORDS:
        return written, _WORDS[written.casefold()]
    if _INTEGER.fullmatch(written):
        return written, int(written)
    return written, float(written) if _REAL.fullmatch(written) else written


def _span(text: str) -> Span:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise WrongValueError(
            "created is compared with a date or a time, as 2026-12-31 or '2026-12-31T12:00Z'"
        ) from None
    aware = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    start = (aware - _EPOCH) // _MICROSECOND
    return Span(start, start + (_DAY if _DATE.fullmatch(text) else _MILLISECOND))

"""Times as the protocol writes them outside of metrics."""

from __future__ import annotations

import datetime as dt

from tora.errors import ToraValidationError

__all__ = ["instant", "since_1970"]


def instant(seconds: float) -> str:
    """Return Unix seconds as an RFC 3339 string in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def since_1970(field: str, given: dt.datetime) -> dt.datetime:
    """Return a time that a body named, in UTC.

    Raises:
        ToraValidationError: It has no time zone, or is before 1970 or after 9999 in UTC.
    """
    if given.tzinfo is None:
        raise ToraValidationError(f"{field} must name its time zone, such as 2026-01-31T12:00:00Z")
    try:
        found = given.astimezone(dt.UTC)
    except OverflowError:
        found = None
    if found is None or found.year < 1970:
        raise ToraValidationError(f"{field} must be from 1970 to 9999 in UTC, got {given.isoformat()}")
    return found

"""Times as the protocol writes them outside of metrics."""

from __future__ import annotations

import datetime as dt

__all__ = ["instant"]


def instant(seconds: float) -> str:
    """Return Unix seconds as an RFC 3339 string in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

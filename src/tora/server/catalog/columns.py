"""The kinds of columns that need a word for each database, so that both keep, compare and sort alike."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

__all__ = ["Counter", "Instant", "Words"]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)

_NUL: Final = "\x00"
_IN_PLACE_OF_NUL: Final = "\uffff"  # no character at all, by Unicode's own word


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A moment, kept as whole microseconds since 1970 in UTC.

    SQLite has no type for times, and one representation on every engine sorts and compares alike.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the microseconds of an aware time."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Return the time in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


class Words(sa.types.TypeDecorator[str]):
    """A text, which sorts and compares by its code points, as SQLite's do, whatever PostgreSQL's locale is.

    PostgreSQL holds no NUL in a text, and SQLite's LIKE ends at one. Nothing that is stored has one, and what is looked
    for with one is not found.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Return the database's type, which on SQLite compares bytes anyway."""
        return dialect.type_descriptor(sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return a text without NUL."""
        return None if value is None else value.replace(_NUL, _IN_PLACE_OF_NUL)


# SQLite numbers rows by itself in a column of exactly this type, which holds 64 bits there.
Counter: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

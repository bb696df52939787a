"""Two brackets around statements: a transaction, and arrays that can be read as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb
import numpy as np

__all__ = ["table", "transaction"]


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does, or nothing of it."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        _roll_back(connection)
        raise


@contextmanager
def table(connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Let statements of the block read arrays of equal length as a table; NaN in them reads as NULL."""
    connection.register(name, dict(columns))
    try:
        yield
    finally:
        connection.unregister(name)


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.rollback()
    except duckdb.Error:
        # A commit that failed has ended the transaction already; the first error is the one to show.
        return

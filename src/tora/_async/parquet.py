"""The points of a Parquet export as columns, without a Python object for each point."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from tora._async.columns import Coded, Columns

__all__ = ["read_points"]

# An enumeration is the one type whose texts duckdb gives as numbers.
_TEXTS: Final = "CREATE TYPE {column}s AS ENUM (SELECT DISTINCT {column} FROM points ORDER BY {column})"
_LISTED: Final = "SELECT enum_range(NULL::names), enum_range(NULL::writers)"
_POINTS: Final = """
SELECT enum_code(name::names) AS name, value, step, time, enum_code(writer::writers) AS writer, metadata FROM points
"""


def read_points(path: Path) -> Columns:
    """Return the points of a file in their order; blocks meanwhile.

    Args:
        path: An export of Tora's. It must be a path without the characters ``*?[``, which mean several files.
    """
    with duckdb.connect() as connection:
        connection.read_parquet(str(path)).create_view("points")
        for column in ("name", "writer"):
            connection.execute(_TEXTS.format(column=column))
        names, writers = connection.execute(_LISTED).fetchall()[0]
        found = connection.execute(_POINTS).fetchnumpy()
    return Columns(
        {
            "name": _coded(found["name"], names),
            "value": np.ma.getdata(found["value"]),
            "step": np.ma.asarray(found["step"]),
            "time": np.ma.getdata(found["time"]),
            "writer": _coded(found["writer"], writers),
            "metadata": _texts(found["metadata"]),
        }
    )


def _coded(codes: np.ndarray, texts: list[str]) -> Coded:
    """Return a column of texts; pandas and polars know codes with a sign alone."""
    return Coded(np.ma.getdata(codes).astype(np.min_scalar_type(-max(len(texts), 1))), tuple(texts))


def _texts(column: np.ndarray) -> np.ndarray:
    data = np.ma.getdata(column)
    data[np.ma.getmaskarray(column)] = None
    return data

"""Data as columns: numpy arrays, and what pandas, polars and Arrow make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["Coded", "Columns", "Series"]


@frozen(eq=False)
class Coded:
    """A column of few different texts: each row is a number that stands for one.

    Attributes:
        codes: Which text; shape (n,), a signed integer type.
        texts: The texts.
    """

    codes: np.ndarray
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)


@frozen(eq=False, repr=False)
class Columns:
    """Named columns of equal length: ``columns["value"]`` is a numpy array, ``len(columns)`` the number of rows.

    A column that lacks a value in some rows is a masked array. NaN and infinities are values like any others. An array
    that comes without a copy shares its memory with these columns: who changes one changes the other.
    """

    _columns: Mapping[str, np.ndarray | Coded]

    def __getitem__(self, name: str) -> np.ndarray:
        column = self._columns[name]
        return np.array(column.texts, object)[column.codes] if isinstance(column, Coded) else column

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __repr__(self) -> str:
        return f"Columns({', '.join(self)}; {len(self):,} rows)"

    def numpy(self) -> dict[str, np.ndarray]:
        """Return the columns by name as numpy arrays of shape (rows,).

        Nothing is copied but names and writers, which are arrays of references to the few texts that differ.
        """
        return {name: self[name] for name in self}

    def pandas(self) -> pd.DataFrame:
        """Return a pandas DataFrame, without copying values, steps or times.

        Steps are of the type Int64 and missing where there is none, names and writers are categorical, metadata are
        texts or None.

        Raises:
            ImportError: pandas is not installed.
        """
        pandas = _library("pandas", "pandas")

        def made(column: np.ndarray | Coded) -> Any:
            if isinstance(column, Coded):
                return pandas.Categorical.from_codes(column.codes, list(column.texts))
            if isinstance(column, np.ma.MaskedArray):
                return pandas.arrays.IntegerArray(column.data, np.ma.getmaskarray(column))
            # A text would be guessed to be of another type, which takes a copy.
            return pandas.Series(column, dtype=column.dtype, copy=False)

        frame: pd.DataFrame = pandas.DataFrame(
            {name: made(column) for name, column in self._columns.items()}, copy=False
        )
        return frame

    def polars(self) -> pl.DataFrame:
        """Return a polars DataFrame; texts and steps are copied, the other numbers where polars does so.

        Steps are null where there is none, names and writers are of the type Categorical.

        Raises:
            ImportError: polars is not installed.
        """
        polars = _library("polars", "polars")

        def made(name: str, column: np.ndarray | Coded) -> Any:
            if isinstance(column, Coded):
                return polars.Series(name, column.texts, dtype=polars.Categorical).gather(column.codes)
            if isinstance(column, np.ma.MaskedArray):
                whole = polars.Series(name, column.data)
                return whole.set(polars.Series(np.ma.getmaskarray(column)), None)
            if column.dtype == object:
                return polars.Series(name, column.tolist(), dtype=polars.String)
            return polars.Series(name, column)

        frame: pl.DataFrame = polars.DataFrame([made(name, column) for name, column in self._columns.items()])
        return frame

    def arrow(self) -> pa.Table:
        """Return an Arrow table, without copying numbers; metadata are copied.

        Steps are null where there is none, NaN is not; names and writers are dictionaries.

        Raises:
            ImportError: pyarrow is not installed.
        """
        arrow = _library("pyarrow", "arrow")

        def made(column: np.ndarray | Coded) -> Any:
            if isinstance(column, Coded):
                texts = arrow.array(column.texts, arrow.string())
                return arrow.DictionaryArray.from_arrays(arrow.array(column.codes), texts)
            if isinstance(column, np.ma.MaskedArray):
                return arrow.array(column.data, mask=np.ma.getmaskarray(column))
            return arrow.array(column, arrow.string() if column.dtype == object else None)

        return arrow.table({name: made(column) for name, column in self._columns.items()})


@frozen(eq=False)
class Series:
    """One metric of one experiment as a chart has it.

    Attributes:
        experiment_id: The experiment's id.
        name: The metric.
        columns: Sorted by ``x``, which is the step (int64) or Unix seconds (float64). ``count`` (int64) says how many
            points a row stands for. The others are float64: ``last``, which may be NaN or infinite, and ``min``,
            ``max`` and ``mean`` of the finite values, NaN where there is none; across writers ``mean, min, max, p5,
            p50, p95``.
        total: How many points the series has in the range.
        non_finite: How many of them are NaN or infinite.
        group: The value of the label that was asked for with ``by``; None for writers without it, and where none was.
    """

    experiment_id: str
    name: str
    columns: Columns = field(repr=False)
    total: int
    non_finite: int
    group: str | None = None


def _library(name: str, extra: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name != name:
            raise
        raise ImportError(
            f"{name} is not installed, and this needs it; run: pip install 'tora[{extra}]'", name=name
        ) from exc

"""What a server says of experiments and series, as records; fields that nobody here knows are ignored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from tora._async.columns import Columns, Series
from tora.models import Experiment, Summary
from tora.types import Status
from tora.wire import Number

__all__ = ["ExperimentShown", "SeriesShown", "SummaryShown"]


class SummaryShown(msgspec.Struct, rename="camel"):
    """The summary of one metric."""

    name: str
    count: int
    last: Number
    min: float | None
    max: float | None
    first_step: int | None
    last_step: int | None
    non_finite: int
    writers: int

    def record(self) -> Summary:
        """Return it as a record."""
        return Summary(**msgspec.structs.asdict(self) | {"last": float(self.last)})


class _Hyperparam(msgspec.Struct):
    key: str
    value: Any


class ExperimentShown(msgspec.Struct, rename="camel"):
    """An experiment; lists have the summaries of its metrics besides."""

    id: str
    name: str
    url: str = ""
    workspace_id: str | None = None
    description: str | None = None
    hyperparams: list[_Hyperparam] = []
    tags: tuple[str, ...] = ()
    notes: str | None = None
    status: Status = "running"
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    archived: bool = False
    duration: float | None = None
    metrics: list[SummaryShown] = []

    def record(self, server_url: str) -> Experiment:
        """Return it as a record, without the token that is a key to it."""
        fields = msgspec.structs.asdict(self) | {
            "url": self.url or f"{server_url}/e/{self.id}",
            "hyperparams": {each.key: each.value for each in self.hyperparams},
            "metrics": {each.name: each.record() for each in self.metrics},
        }
        return Experiment(**fields)


class _Series(msgspec.Struct, rename="camel"):
    experiment: str
    name: str
    total: int
    non_finite: int
    columns: Mapping[str, list[Any]]
    group: str | None = None

    def record(self, x: str) -> Series:
        whole = {"count", "x"} if x == "step" else {"count"}
        columns = {
            # What is not finite comes as null, or by its name: numpy reads either.
            name: np.array(values, np.int64 if name in whole else np.float64)
            for name, values in self.columns.items()
        }
        return Series(self.experiment, self.name, Columns(columns), self.total, self.non_finite, self.group)


class SeriesShown(msgspec.Struct):
    """Series as columns of JSON."""

    series: list[_Series]

    def records(self, x: str) -> list[Series]:
        """Return them as records.

        Args:
            x: What the horizontal axis is: ``step`` or ``time``.
        """
        return [each.record(x) for each in self.series]

"""Read what was logged: lists of experiments, metrics as columns, exports; `tora.aio` has the same as coroutines.

Examples:
    >>> for each in tora.api.experiments(filter="acc.max > 0.9"):
    ...     frame = tora.api.points(each.id, "acc").pandas()
"""

from __future__ import annotations

from tora._async.columns import Columns, Series
from tora._sync.reading import experiment, experiments, export, metrics, points, series
from tora.models import Experiment, Summary

__all__ = [
    "Columns",
    "Experiment",
    "Series",
    "Summary",
    "experiment",
    "experiments",
    "export",
    "metrics",
    "points",
    "series",
]

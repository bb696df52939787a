"""A chart's columns out of raw points, for stores whose engine cannot make them. Pure."""

from __future__ import annotations

import numpy as np

from tora.server.metrics.group import running_count

__all__ = ["across", "own_counts", "plain"]

_QUANTILES = {"p5": 0.05, "p50": 0.5, "p95": 0.95}


def plain(x: np.ndarray, ordinal: np.ndarray, value: np.ndarray, points: int) -> dict[str, np.ndarray]:
    """Return the columns of one series: every point, or buckets of equal width where there are too many.

    Args:
        x: Where each point stands.
        ordinal: Which of several at one place came later.
        value: Its value.
        points: So many buckets at most; 0 for every point.
    """
    order = np.lexsort((ordinal, x))
    x, value = x[order], value[order]
    finite = np.isfinite(value)
    only = np.where(finite, value, np.nan)
    if points == 0 or len(x) <= points:
        count = np.ones(len(x), np.int64)
        return {"x": x, "last": value, "min": only, "max": only, "mean": only, "count": count}
    starts, ends = _runs(_bucket(x, points))
    return {
        "x": x[ends - 1],
        "last": value[ends - 1],
        "min": np.fmin.reduceat(only, starts),
        "max": np.fmax.reduceat(only, starts),
        "mean": _mean(value, finite, starts),
        "count": ends - starts,
    }


def across(x: np.ndarray, value: np.ndarray, points: int) -> dict[str, np.ndarray]:
    """Return the columns of all writers' points taken together where they stand, or bucket by bucket.

    Args:
        x: Where each point stands; equal for what is to be taken together.
        value: Its value.
        points: So many places or buckets at most; 0 for every place.
    """
    order = np.lexsort((np.where(np.isfinite(value), value, np.inf), x))
    x, value = x[order], value[order]
    finite = np.isfinite(value)
    starts, ends = _runs(x)
    if points and len(starts) > points:
        bucket = _bucket(x, points)
        order = np.lexsort((np.where(finite, value, np.inf), bucket))
        starts, ends = _runs(bucket)
        value, finite = value[order], finite[order]
    only = np.where(finite, value, np.nan)
    if not len(x):
        starts = ends = np.zeros(0, np.int64)
    known = np.add.reduceat(finite, starts, dtype=np.int64) if len(x) else ends
    return {
        "x": x[ends - 1],  # in the order of x the last of a bucket stands where the bucket ends
        "mean": _mean(value, finite, starts),
        "min": np.fmin.reduceat(only, starts) if len(x) else only,
        "max": np.fmax.reduceat(only, starts) if len(x) else only,
        **{name: _quantile(value, starts, known, at) for name, at in _QUANTILES.items()},
        "count": ends - starts,
    }


def own_counts(series: np.ndarray, ordinal: np.ndarray) -> np.ndarray:
    """Return for each point how many of its own series came before it.

    Args:
        series: Which series it is of.
        ordinal: Its place among all that came.
    """
    order = np.lexsort((ordinal, series))
    counts = np.empty(len(order), np.int64)
    counts[order] = running_count(series[order])
    return counts


def _bucket(x: np.ndarray, points: int) -> np.ndarray:
    """Return the number of the bucket of each place; sorted, as the places are."""
    places = x.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        extent = places[-1] - places[0]
        width = (extent if extent > 0 else 1.0) / points
        bucket = np.floor((places - places[0]) / width)
    # A quotient that is no number (the range of times may be infinite) falls into the last bucket.
    return np.where(np.isfinite(bucket), np.minimum(bucket, points - 1), points - 1).astype(np.int64)


def _runs(sorted_keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inner = np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1
    if not len(sorted_keys):
        return inner, inner
    return np.concatenate(([0], inner)), np.append(inner, len(sorted_keys))


def _mean(value: np.ndarray, finite: np.ndarray, starts: np.ndarray) -> np.ndarray:
    if not len(value):
        return value
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(np.where(finite, value, 0.0), starts)
        return total / np.add.reduceat(finite, starts, dtype=np.int64)


def _quantile(value: np.ndarray, starts: np.ndarray, known: np.ndarray, at: float) -> np.ndarray:
    """Return a quantile of the first `known` values of each run, which are sorted, between its neighbours."""
    if not len(value):
        return value
    place = at * np.maximum(known - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(known - 1, 0))
    low, high = value[starts + below], value[starts + above]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(known > 0, low + (high - low) * (place - below), np.nan)

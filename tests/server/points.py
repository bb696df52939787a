"""Points for a store, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tora.server.metrics.base import Chunk, MetricsStore, PointBatch, SeriesQuery

__all__ = ["batch", "column", "exported", "raw"]


def batch(
    values: Sequence[float],
    first_seq: int | None = 1,
    *,
    writer: str | None = "w",
    experiment: str = "e",
    names: str | Sequence[str] = "loss",
    steps: Sequence[int | None] | None = None,
    **columns: Any,
) -> PointBatch:
    """Make a batch; the steps are 0, 1, 2 ... unless told."""
    n = len(values)
    return PointBatch(
        experiment=experiment,
        writer=writer,
        first_seq=first_seq if writer is not None else None,
        names=[names] * n if isinstance(names, str) else names,
        values=values,
        steps=list(range(n)) if steps is None else steps,
        times=columns.get("times", [1.7e9 + place for place in range(n)]),
        metadata=columns.get("metadata", [None] * n),
        msg_ids=columns.get("msg_ids", [None] * n),
        received=columns.get("received", 1.7e9),
    )


async def raw(store: MetricsStore, experiment: str = "e", name: str = "loss") -> list[tuple[int, float]]:
    """Return every point of a series as (x, value)."""
    found = await store.series(SeriesQuery([experiment], [name], points=0))
    return [pair for one in found for pair in zip(one.columns["x"].tolist(), one.columns["last"].tolist(), strict=True)]


async def exported(
    store: MetricsStore, experiment: str = "e", after: int = 0, through: int | None = None
) -> list[tuple[Any, ...]]:
    """Return every point of an experiment as a row."""
    rows: list[tuple[Any, ...]] = []
    async for chunk in store.export(experiment, after, through):
        rows += zip(
            *(column(chunk, name) for name in ("name", "writer", "step", "value", "time", "metadata")), strict=True
        )
    return rows


def column(chunk: Chunk, name: str) -> list[Any]:
    """Return a column of a chunk as a list."""
    return list(getattr(chunk, name).tolist())

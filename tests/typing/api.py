"""What type checkers know of the public API: mypy reads this file, nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any, assert_type

import numpy as np

import tora
import tora.aio
from tora import AsyncTora, Stats, Tora
from tora.api import Columns, Experiment, Series, Summary


def global_functions() -> None:
    """The documented calls take what the manual says, and return it."""
    assert_type(tora.setup("name", tags=["a"], hyperparams={"lr": 0.1, "layers": [1, 2]}), str)
    tora.tlog("loss", 1)
    tora.tlog("loss", np.float32(0.5), step=np.int64(1), metadata={"a": [1]})
    assert_type(tora.flush(), Stats)
    assert_type(tora.shutdown(timeout=5), Stats)
    assert_type(tora.is_initialized(), bool)
    assert_type(tora.get_experiment_id(), str | None)
    assert_type(tora.get_experiment_url(), str | None)
    assert_type(tora.create_workspace("name", description=None), dict[str, Any])


def client() -> None:
    """The client is its own context manager."""
    with Tora.create_experiment("name", max_buffer_len=25) as made:
        assert_type(made, Tora)
        made.log("loss", Decimal("0.5"), 1)
        made.log_metrics({"loss": 1, "accuracy": np.float64(0.5)}, step=2)
        assert_type(made.experiment_id, str)
        assert_type(made.url, str)
        made.max_buffer_len = 10
        assert_type(made.buffer_size, int)
        assert_type(made.is_closed, bool)
        assert_type(made.stats, Stats)
    assert_type(Tora.load_experiment("id"), Tora)
    assert_type(tora.handle("id", labels={"rank": 3, "role": "evaluator"}), Tora)


async def async_client() -> None:
    """The asynchronous client has the same calls, to be awaited."""
    async with await AsyncTora.create_experiment("name") as made:
        assert_type(made, AsyncTora)
        await made.log("loss", 0.5)
        made.log_nowait("loss", True)  # noqa: FBT003 - a bool is a value
        await made.log_metrics({"loss": 0.5})
        assert_type(await made.flush(timeout=1), Stats)
    assert_type(await AsyncTora.load_experiment("id"), AsyncTora)
    assert_type(await tora.aio.handle("id"), AsyncTora)
    assert_type(await tora.aio.setup("name"), str)
    await tora.aio.tlog("loss", 0.5, 1)
    assert_type(await tora.aio.shutdown(), Stats)


def reading() -> None:
    """What is read comes as records and columns."""
    assert_type(tora.api.experiments("q", tags=["a"], status="running", metrics=None), Iterator[Experiment])
    assert_type(tora.api.experiment("id"), Experiment)
    assert_type(tora.api.metrics("id"), dict[str, Summary])
    columns = tora.api.points("id", "loss")
    assert_type(columns, Columns)
    assert_type(columns["value"], np.ndarray)
    assert_type(tora.api.series(["id"], x="time", across="writers"), list[Series])
    assert_type(tora.api.export("id", "points.csv", progress=print), int)


async def async_reading() -> None:
    """The coroutines give the same."""
    assert_type(tora.aio.experiments(), AsyncIterator[Experiment])
    assert_type(await tora.aio.points("id"), Columns)


def wrong_use() -> None:
    """What raises when it runs is told before."""
    tora.tlog("loss", "0.5")  # type: ignore[arg-type]
    tora.tlog("loss", None)  # type: ignore[arg-type]
    tora.tlog(1, 0.5)  # type: ignore[arg-type]
    Tora.create_experiment()  # type: ignore[call-arg]

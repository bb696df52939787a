# Made by tools/sync.py from src/tora/_async/reading.py; edit that file, then run: python tools/sync.py
"""Reading: experiments, their summaries, points and series, and exports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from tora.models import Experiment, Summary
from tora.types import ExportFormat, Status

if TYPE_CHECKING:
    from tora._async.columns import Columns, Series

from tora._async import reading as source
from tora._sync.runner import RUNNER

__all__ = ["experiment", "experiments", "export", "metrics", "points", "series"]


def experiments(
    q: str | None = None,
    *,
    filter: str | None = None,
    tags: Sequence[str] = (),
    status: Status | None = None,
    workspace: str | None = None,
    archived: bool | None = False,
    sort: str | None = None,
    limit: int | None = None,
    metrics: Sequence[str] | None = (),
    api_key: str | None = None,
    server_url: str | None = None,
) -> Iterator[Experiment]:
    """Iterate over experiments, the newest first, as they are fetched in pages of 1,000.

    Args:
        q: Text that the name, the id, the description or a tag contains.
        filter: An expression such as ``lr < 0.01 and acc.max > 0.9``.
        tags: All of these tags.
        status: This status.
        workspace: The id of a workspace.
        archived: False leaves archived experiments out, True gives these alone, None gives both.
        sort: ``created``, ``updated``, ``name``, ``status``, ``duration``, ``param:KEY`` or ``metric:NAME:last``
            (or ``min``, ``max``), with ``-`` before it for the largest first.
        limit: How many at most; None for all.
        metrics: The metrics whose summaries the records carry; None for every metric.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Raises:
        ToraValidationError: An argument is wrong, or the server finds it so.
        ToraWorkspaceError: The server has no such workspace.
        ToraAuthenticationError: The server wants a key, or another one.
        ToraTimeoutError: The server does not answer in time.
        ToraNetworkError: The server cannot be reached.
        ToraAPIError: The server answers something else than promised.
        ToraConfigurationError: A setting cannot be used, or there is no server (``TORA_MODE``).

    Examples:
        >>> for each in tora.api.experiments(filter="loss.min < 0.1", metrics=["loss"]):
        ...     print(each.name, each.hyperparams, each.metrics["loss"].min)
    """
    return RUNNER.iterate(
        source.experiments,
        q,
        filter=filter,
        tags=tags,
        status=status,
        workspace=workspace,
        archived=archived,
        sort=sort,
        limit=limit,
        metrics=metrics,
        api_key=api_key,
        server_url=server_url,
    )


def experiment(experiment_id: str, *, api_key: str | None = None, server_url: str | None = None) -> Experiment:
    """Return the record of an experiment; the summaries of its metrics come with `metrics`.

    Args:
        experiment_id: The experiment's id.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Raises:
        ToraExperimentError: The server has no such experiment.
        ToraError: What else `experiments` raises.
    """
    return RUNNER.run(source.experiment, experiment_id, api_key=api_key, server_url=server_url)


def metrics(experiment_id: str, *, api_key: str | None = None, server_url: str | None = None) -> dict[str, Summary]:
    """Return the summary of each metric of an experiment by the metric's name; costs the same for any number of points.

    Args:
        experiment_id: The experiment's id.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Raises:
        ToraExperimentError: The server has no such experiment.
        ToraError: What else `experiments` raises.
    """
    return RUNNER.run(source.metrics, experiment_id, api_key=api_key, server_url=server_url)


def points(
    experiment_id: str,
    names: str | Sequence[str] | None = None,
    *,
    api_key: str | None = None,
    server_url: str | None = None,
) -> Columns:
    """Return every point of an experiment, raw and complete, in the order in which the points arrived.

    The columns have a row for each point: ``name``; ``value`` (float64), to the bit, NaN and infinities as they are;
    ``step`` (int64), masked where there is none; ``time`` in Unix seconds (float64); ``writer``, the id of the client
    that logged it; ``metadata``, JSON text or None. The points come through a temporary file.

    Args:
        experiment_id: The experiment's id.
        names: The metrics, or the one; None for all.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Raises:
        ToraExperimentError: The server has no such experiment.
        ToraError: What else `experiments` raises.

    Examples:
        >>> columns = tora.api.points("an-id", ["loss"])
        >>> frame = columns.pandas()
    """
    return RUNNER.run(source.points, experiment_id, names, api_key=api_key, server_url=server_url)


def series(
    experiments: str | Sequence[str],
    names: str | Sequence[str] | None = None,
    *,
    points: int = 1000,
    x: Literal["step", "time"] = "step",
    start: float | None = None,
    end: float | None = None,
    across: Literal["none", "writers"] = "none",
    by: str | None = None,
    api_key: str | None = None,
    server_url: str | None = None,
) -> list[Series]:
    """Return metrics of experiments as charts have them: in at most so many rows, however many points there are.

    A row stands for the points of a stretch of x; a series that is short enough has a row for each point.

    Args:
        experiments: The ids of the experiments, or the one.
        names: The metrics, or the one; None for all.
        points: Rows of a series at most, up to 10,000; 0 for every point.
        x: What the horizontal axis is; without a step, a point stands at its number in the series.
        start: The smallest x wanted.
        end: The largest x wanted.
        across: ``writers`` takes the points of one x together over all writers of an experiment.
        by: A label of the writers, such as ``rank``, with ``across="writers"``: each of its values is a series of its
            own.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Returns:
        One for each experiment and metric that has points, in the order asked for, and for each group with `by`.

    Raises:
        ToraExperimentError: The server has no such experiment.
        ToraError: What else `experiments` raises.

    Examples:
        >>> for each in tora.api.series(["an-id", "another"], "loss", points=500):
        ...     print(each.experiment_id, each.columns["x"], each.columns["mean"])
    """
    return RUNNER.run(
        source.series,
        experiments,
        names,
        points=points,
        x=x,
        start=start,
        end=end,
        across=across,
        by=by,
        api_key=api_key,
        server_url=server_url,
    )


def export(
    experiment_id: str,
    path: str | os.PathLike[str],
    format: ExportFormat | None = None,
    names: str | Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
    api_key: str | None = None,
    server_url: str | None = None,
) -> int:
    """Write every point of an experiment to a file, raw and complete, with the columns of `points`.

    The file appears under its name when it is complete, and replaces one that is there. What breaks off leaves nothing.

    Args:
        experiment_id: The experiment's id.
        path: The file.
        format: What kind of file; default as the path ends, else CSV.
        names: The metrics, or the one; None for all.
        progress: Is told now and then how many points are written, and how many there are. It may be called by
            another thread, holds up the export meanwhile, and can make no call of Tora's.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Returns:
        The file's size in bytes.

    Raises:
        ToraExperimentError: The server has no such experiment.
        ToraConfigurationError: The file cannot be written, or a setting cannot be used.
        ToraError: What else `experiments` raises.
    """
    return RUNNER.run(
        source.export, experiment_id, path, format, names, progress=progress, api_key=api_key, server_url=server_url
    )

"""Data folders as months of work would have left them, written without HTTP where that would take hours.

The points are put into the file as the server keeps them at rest: sorted by series, in one part.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import duckdb
from attrs import frozen

from tests.support import http
from tests.support.serving import serving
from tora.server.metrics.duckdb.parts import create_part, open_tail, table_of

__all__ = ["Series", "create", "populate"]

PIECE: Final = 100  # series
AT_ONCE: Final = 4  # requests

_POINTS: Final = """
INSERT INTO {table}
SELECT sid, step, step, 1.8e9 + step, exp(-4.0 * step / $length) + 0.05 * random() + sid % 10, NULL, sid, step
FROM range($first, $end) s(sid), range($length) p(step) ORDER BY sid, step
"""
_SERIES: Final = """
INSERT INTO series SELECT $first + row_number() OVER () - 1, experiment, name, 'w', $length, $length, 0, 1, $length - 1,
    0, 11, 0, $length - 1
FROM (SELECT unnest($experiments) AS experiment), (SELECT unnest($names) AS name)
"""
_OPTIMIZERS: Final = ("sgd", "adam", "adamw", "lion")


@frozen
class Series:
    """The same metrics for some experiments.

    Attributes:
        length: How many points each series has.
    """

    experiments: Sequence[str]
    names: Sequence[str]
    length: int


def create(data: Path, count: int, name: str = "run") -> list[str]:
    """Create experiments with hyperparameters and tags in a data folder; return their ids."""
    with serving(data) as server, ThreadPoolExecutor(AT_ONCE) as pool:

        def one(number: int) -> str:
            hyperparams = {
                "lr": 10 ** -(1 + number % 5),
                "batch_size": 2 ** (4 + number % 6),
                "optimizer": _OPTIMIZERS[number % 4],
                "seed": number,
                "dropout": number % 7 / 10,
            }
            body = {
                "name": f"{name} {number}",
                "tags": [f"sweep-{number // 20}", "nightly"],
                "hyperparams": [{"key": key, "value": value} for key, value in hyperparams.items()],
            }
            made = http.request("POST", f"{server.url}/experiments", body).json()["data"]["id"]
            http.request("PATCH", f"{server.url}/experiments/{made}", {"status": "finished"})
            return str(made)

        return list(pool.map(one, range(count)))


def populate(data: Path, *wanted: Series) -> int:
    """Put the points of series into the file of a server that does not run; return how many there are."""
    with duckdb.connect(data / "metrics.duckdb") as connection:
        tail = open_tail(connection)
        number, first = tail.number + 1, 1
        create_part(connection, number)
        for series in wanted:
            end = first + len(series.experiments) * len(series.names)
            about = {"experiments": list(series.experiments), "names": list(series.names), "length": series.length}
            connection.execute(_SERIES, about | {"first": first})
            for start in range(first, end, PIECE):
                piece = {"first": start, "end": min(start + PIECE, end), "length": series.length}
                connection.execute(_POINTS.format(table=table_of(number)), piece)
            first = end
        points = sum(len(each.experiments) * len(each.names) * each.length for each in wanted)
        connection.execute("INSERT INTO parts VALUES (?, TRUE, ?)", [number, points])
        connection.execute("UPDATE meta SET tick = ?", [first])
    return points

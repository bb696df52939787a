"""Every point as a file."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from tests.server.conftest import Call, refusal
from tests.support.http import Answer

Log = Callable[..., Answer]
Row = tuple[Any, ...]

NAMES = ["loss", "größe/🔥", '=1+"2", x']
SPECIAL = ["NaN", "Infinity", "-Infinity", 0.1, -5e-324]


def fill(log: Log, experiment: str, points: int = 2_500) -> list[Row]:
    """Log points of all kinds from two writers; return them as rows in their order."""
    rows = []
    for start in range(0, points, 500):
        writer = f"w{start // 500 % 2}"
        logs = [
            {
                "name": NAMES[i % 3],
                "value": SPECIAL[i % 5],
                "step": None if i % 4 == 0 else i * 10**12,
                "time": 1.5e9 + i,
                "metadata": {"text": 'a "quoted"\nline, ☃', "i": i} if i % 7 == 0 else None,
            }
            for i in range(start, start + 500)
        ]
        answer = log(experiment, logs, writer=writer, firstSeq=1 + start)
        assert answer.status == 201
        rows += [(each["name"], each["value"], each["step"], each["time"], writer, each["metadata"]) for each in logs]
    return rows


def said(value: float) -> float | str:
    """Return a value as the protocol writes it."""
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"


def test_jsonl_holds_every_point(call: Call, experiment: str, log: Log) -> None:
    """One JSON object a line, in the order of arrival, with everything that was sent."""
    rows = fill(log, experiment)
    answer = call("GET", f"/experiments/{experiment}/export?format=jsonl")
    found = [json.loads(line) for line in answer.body.decode().split("\n")[:-1]]
    assert [tuple(each.values()) for each in found] == rows
    assert list(found[0]) == ["name", "value", "step", "time", "writer", "metadata"]


def test_csv_holds_every_point(call: Call, experiment: str, log: Log) -> None:
    """A table that spreadsheets read; doubles come back exactly."""
    rows = fill(log, experiment)
    answer = call("GET", f"/experiments/{experiment}/export")
    assert answer.headers["content-type"].startswith("text/csv")
    head, *found = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert head == ["name", "value", "step", "time", "writer", "metadata"]
    read = [
        (name, said(float(value)), int(step) if step else None, float(time), writer, json.loads(meta) if meta else None)
        for name, value, step, time, writer, meta in found
    ]
    assert read == rows


def test_parquet_holds_every_point(call: Call, experiment: str, log: Log, tmp_path: Path) -> None:
    """A columnar file with types that other tools read."""
    rows = fill(log, experiment)
    path = tmp_path / "points.parquet"
    path.write_bytes(call("GET", f"/experiments/{experiment}/export?format=parquet").body)
    found = duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    read = [
        (name, said(value), step, time, writer, json.loads(meta) if meta else None)
        for name, value, step, time, writer, meta in found
    ]
    assert read == rows


@pytest.mark.parametrize(("kind", "size"), [("csv", 38), ("jsonl", 0), ("parquet", None)])
def test_an_empty_experiment_is_an_empty_file(call: Call, experiment: str, kind: str, size: int | None) -> None:
    """Nothing logged is a whole file without rows."""
    answer = call("GET", f"/experiments/{experiment}/export?format={kind}")
    assert answer.status == 200
    assert size is None or len(answer.body) == size


@pytest.mark.parametrize(
    ("name", "file"),
    [("run 1", "run-1.csv"), ('../../etc/"passwd"', "etc-passwd.csv"), ("x" * 200, f"{'x' * 80}.csv")],
)
def test_the_file_has_a_safe_name(call: Call, name: str, file: str) -> None:
    """The experiment's name becomes a file name that can do no harm."""
    made = call("POST", "/experiments", {"name": name}).json()["data"]["id"]
    answer = call("GET", f"/experiments/{made}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="{file}"'


def test_a_name_of_no_letters_is_replaced_by_the_id(call: Call) -> None:
    """Where nothing of the name can be a file's name, the id is."""
    made = call("POST", "/experiments", {"name": "模型"}).json()["data"]["id"]
    answer = call("GET", f"/experiments/{made}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="{made}.csv"'


@pytest.mark.parametrize("query", ["format=xml", "format=", "colour=red"])
def test_a_wrong_format_is_refused(call: Call, experiment: str, query: str) -> None:
    """There are three formats."""
    refusal(call("GET", f"/experiments/{experiment}/export?{query}"), 400, "validation")


def test_some_metrics_alone_are_exported(call: Call, experiment: str, log: Log) -> None:
    """Named metrics are all that a file holds; for a spreadsheet their names are no formula, else they are as sent."""
    rows = [row for row in fill(log, experiment, points=600) if row[0] == NAMES[2]]
    name = quote(NAMES[2])
    for more, shown in (("", NAMES[2]), ("&spreadsheet=true", f"'{NAMES[2]}")):
        answer = call("GET", f"/experiments/{experiment}/export?format=csv&name={name}{more}")
        found = list(csv.reader(io.StringIO(answer.body.decode(), newline="")))[1:]
        assert [each[0] for each in found] == [shown] * len(rows)
        assert [each[3] for each in found] == [str(row[3]) for row in rows]

# Made by tools/sync.py from tests/_async/test_reading.py; edit that file, then run: python tools/sync.py
"""Reading back what was logged: lists, records, points as columns, series and exports."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import sys
import uuid
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from attrs import define

import tora
from tests.support.http import request
from tests.support.scripted import Asked, Reply, scripted
from tests.support.serving import Server, free_port
from tora._async import listing, reader
from tora.api import Columns

NAMES = ["loss", "größe/🔥", '=1+"2", x']
VALUES = [math.nan, math.inf, -math.inf, 0.1, -5e-324, -0.0, 1.7976931348623157e308]
POINTS = 12_000
WRITERS = 3


@define
class Logged:
    """An experiment with points of all kinds, and what they are, in the order of their arrival."""

    id: str
    url: str
    rows: list[tuple[Any, ...]]

    def of(self, *names: str) -> list[tuple[Any, ...]]:
        """Return the points of some metrics."""
        return [row for row in self.rows if row[0] in names]


def files(folder: Path) -> list[str]:
    """Return the names of all files below a folder."""
    return [path.name for path in folder.rglob("*") if path.is_file()]


def said(value: float) -> float | str:
    """Return a value as the protocol writes it."""
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"


def create(server: Server, name: str, **fields: Any) -> str:
    """Create an experiment and return its id."""
    answer = request("POST", f"{server.url}/experiments", {"name": name, **fields})
    assert answer.status == 201, answer.body
    found: str = answer.json()["data"]["id"]
    return found


def log(server: Server, experiment: str, logs: list[dict[str, Any]], **fields: Any) -> None:
    """Send points to an experiment."""
    answer = request("POST", f"{server.url}/experiments/{experiment}/logs/batch", {"logs": logs, **fields})
    assert answer.status == 201, answer.body


@pytest.fixture(scope="module")
def logged(server: Server) -> Logged:
    """More points than a chart shows, of three metrics by three writers."""
    experiment = create(server, "to be read")
    rows: list[tuple[Any, ...]] = []
    each = POINTS // WRITERS
    for writer in range(WRITERS):
        part = [
            (
                NAMES[i % 3],
                VALUES[i % len(VALUES)],
                None if i % 4 == 0 else i * 10**12,
                1.5e9 + i / 3,
                f"w{writer}",
                {"text": 'a "quoted"\nline, ☃', "i": i} if i % 11 == 0 else None,
            )
            for i in range(writer * each, (writer + 1) * each)
        ]
        logs = [
            {"name": name, "value": said(value), "step": step, "time": time, "metadata": metadata}
            for name, value, step, time, _, metadata in part
        ]
        log(server, experiment, logs, writer=f"w{writer}", firstSeq=1)
        rows += part
    return Logged(experiment, server.url, rows)


def bits(values: Any) -> list[int]:
    """Return doubles as the integers that they are made of."""
    found: list[int] = np.asarray(values, np.float64).view(np.int64).tolist()
    return found


def plain(columns: Columns) -> list[tuple[Any, ...]]:
    """Return points as rows of builtins that can be compared."""
    found = columns.numpy()
    assert {name: str(column.dtype) for name, column in found.items()} == {
        "name": "object",
        "value": "float64",
        "step": "int64",
        "time": "float64",
        "writer": "object",
        "metadata": "object",
    }
    texts = [None if each is None else json.loads(each) for each in found["metadata"]]
    numbers = (bits(found["value"]), found["step"].tolist(), bits(found["time"]))
    return list(zip(found["name"], *numbers, found["writer"], texts, strict=True))


def expected(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return what `plain` makes of these points."""
    return [
        (name, *bits([value]), step, *bits([time]), writer, metadata)
        for name, value, step, time, writer, metadata in rows
    ]


# --- Points ---------------------------------------------------------------------------------------


def test_points_are_complete_and_exact(logged: Logged) -> None:
    """Every point comes in the order of arrival and to the bit, with steps masked where there are none."""
    columns = tora.api.points(logged.id, server_url=logged.url)
    assert len(columns) == POINTS
    assert plain(columns) == expected(logged.rows)
    assert isinstance(columns["step"], np.ma.MaskedArray)
    assert repr(columns) == "Columns(name, value, step, time, writer, metadata; 12,000 rows)"


def test_points_of_some_metrics(logged: Logged) -> None:
    """A name, or several, narrow it; a metric that is not there has no points, and no name at all is a mistake."""
    one = tora.api.points(logged.id, NAMES[1], server_url=logged.url)
    assert plain(one) == expected(logged.of(NAMES[1]))
    two = tora.api.points(logged.id, NAMES[:2], server_url=logged.url)
    assert plain(two) == expected(logged.of(*NAMES[:2]))
    none = tora.api.points(logged.id, "absent", server_url=logged.url)
    assert (len(none), plain(none), len(none.pandas()), len(none.polars()), len(none.arrow())) == (0, [], 0, 0, 0)
    with pytest.raises(tora.ToraValidationError, match="leave it out for all"):
        tora.api.points(logged.id, [], server_url=logged.url)


def test_points_without_copying(logged: Logged) -> None:
    """What is made of columns of numbers shares their memory, in pandas and Arrow."""
    columns = tora.api.points(logged.id, server_url=logged.url)
    frame, table = columns.pandas(), columns.arrow()
    for name in ("value", "time"):
        assert columns.numpy()[name] is columns[name]
        assert np.shares_memory(frame[name].to_numpy(), columns[name])
        assert table[name].chunk(0).buffers()[1].address == columns[name].ctypes.data
    steps = np.ma.getdata(columns["step"])
    assert np.shares_memory(frame["step"].array._data, steps)
    assert table["step"].chunk(0).buffers()[1].address == steps.ctypes.data


def test_points_as_frames(logged: Logged) -> None:
    """pandas, polars and Arrow have the same rows: missing steps are missing, NaN is a value."""
    columns = tora.api.points(logged.id, server_url=logged.url)
    names, values, steps, _, writers, metadata = map(list, zip(*logged.rows, strict=True))
    texts = columns["metadata"].tolist()

    frame = columns.pandas()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "name": "category",
        "value": "float64",
        "step": "Int64",
        "time": "float64",
        "writer": "category",
        "metadata": "object",
    }
    assert (frame["name"].tolist(), frame["writer"].tolist(), frame["metadata"].tolist()) == (names, writers, texts)
    assert bits(frame["value"]) == bits(values)
    assert frame["step"].isna().tolist() == [step is None for step in steps]
    assert frame["step"].dropna().tolist() == [step for step in steps if step is not None]

    polar, table = columns.polars(), columns.arrow()
    kinds = ["Categorical", "Float64", "Int64", "Float64", "Categorical", "String"]
    assert [str(kind) for kind in polar.dtypes] == kinds
    for found in (polar.to_dict(as_series=False), table.to_pydict()):
        assert (found["name"], found["step"], found["writer"], found["metadata"]) == (names, steps, writers, texts)
        assert bits(found["value"]) == bits(values)
    assert polar["value"].null_count() == table["value"].null_count == 0
    assert table["metadata"].null_count == metadata.count(None)


def test_an_experiment_without_points(server: Server) -> None:
    """There are the columns, and no row in them."""
    columns = tora.api.points(create(server, "empty"), server_url=server.url)
    assert (list(columns), len(columns)) == (["name", "value", "step", "time", "writer", "metadata"], 0)
    assert [len(made) for made in (columns.pandas(), columns.polars(), columns.arrow())] == [0, 0, 0]


@pytest.mark.parametrize(("library", "extra"), [("pandas", "pandas"), ("polars", "polars"), ("pyarrow", "arrow")])
def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, library: str, extra: str) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"{library} is not installed, .*pip install 'tora\[{extra}\]'"):
        getattr(Columns({"value": np.zeros(1)}), library.removeprefix("py"))()


# --- Lists and records ----------------------------------------------------------------------------


def test_lists_go_over_pages(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """All experiments come once, in their order, however many pages there are; a limit ends it."""
    monkeypatch.setattr(listing, "PAGE", 4)
    tags = [uuid.uuid4().hex]
    made = [create(server, f"page {number}", tags=tags) for number in range(10)]
    everything = [each.id for each in tora.api.experiments(tags=tags, sort="created", server_url=server.url)]
    assert everything == made
    newest = [each.id for each in tora.api.experiments(tags=tags, limit=6, server_url=server.url)]
    assert newest == made[:3:-1]
    for first in tora.api.experiments(tags=tags, server_url=server.url):
        assert first.id == made[-1]
        break


def test_lists_are_searched(server: Server) -> None:
    """Text, filter, tags, status and archive narrow a list together."""
    tags = ['a "quoted" \\ tag', "tag-two"]
    mark = uuid.uuid4().hex
    both = create(server, f"{mark} 1", tags=tags, hyperparams=[{"key": "lr", "value": 0.1}])
    one = create(server, f"{mark} 2", tags=tags[:1], hyperparams=[{"key": "lr", "value": 0.01}])
    put_away = create(server, f"{mark} 3", tags=tags)
    for experiment, change in ((one, {"status": "failed"}), (put_away, {"archived": True})):
        assert request("PATCH", f"{server.url}/experiments/{experiment}", change).status == 200

    def found(**wanted: Any) -> list[str]:
        return [each.id for each in tora.api.experiments(mark, server_url=server.url, **wanted)]

    assert found() == [one, both]
    assert found(archived=None) == [put_away, one, both]
    assert found(archived=True) == [put_away]
    assert found(tags=tags) == [both]
    assert found(tags=tags, filter="lr > 1 or lr = 0.01") == []
    assert found(filter="lr < 0.05") == [one]
    assert found(status="failed") == [one]
    assert found(sort="param:lr") == [one, both]


def test_a_record_has_everything(server: Server) -> None:
    """A record of a list or by its id tells all that is known, but for the token that opens it."""
    fields = {"description": "why", "tags": ["t"], "hyperparams": [{"key": "a.b", "value": [1, None]}]}
    made = create(server, "recorded", **fields)
    log(server, made, [{"name": "loss", "value": value} for value in (1, "NaN", 3)])
    log(server, made, [{"name": "other", "value": 1}])
    alone = tora.api.experiment(made, server_url=server.url)
    assert (alone.id, alone.name, alone.url, alone.write_token) == (made, "recorded", f"{server.url}/e/{made}", None)
    assert (alone.description, alone.tags, alone.hyperparams) == ("why", ("t",), {"a.b": [1, None]})
    assert (alone.status, alone.archived, alone.notes, alone.metrics) == ("running", False, None, {})
    assert isinstance(alone.created_at, dt.datetime)
    assert alone.created_at.tzinfo is not None
    summaries = tora.api.metrics(made, server_url=server.url)
    assert list(summaries) == ["loss", "other"]
    loss = summaries["loss"]
    assert (loss.count, loss.last, loss.min, loss.max, loss.non_finite) == (3, 3.0, 1.0, 3.0, 1)
    for asked, names in ((["loss"], ["loss"]), (None, ["loss", "other"]), ((), [])):
        [listed] = [each for each in tora.api.experiments(made, metrics=asked, server_url=server.url)]
        assert (listed.id, listed.hyperparams, list(listed.metrics)) == (made, alone.hyperparams, names)
        assert all(listed.metrics[name] == summaries[name] for name in names)


def test_a_summary_that_ends_with_nan(server: Server) -> None:
    """The last value may be NaN or infinite, and without a finite one there is no smallest."""
    made = create(server, "not finite")
    log(server, made, [{"name": "nan", "value": "NaN"}, {"name": "inf", "value": "-Infinity"}])
    found = tora.api.metrics(made, server_url=server.url)
    assert math.isnan(found["nan"].last)
    assert (found["inf"].last, found["inf"].min, found["inf"].first_step) == (-math.inf, None, None)


# --- Series ---------------------------------------------------------------------------------------


def test_series_are_charts(logged: Logged) -> None:
    """Each metric comes as columns of at most so many rows, which stand for all points."""
    found = tora.api.series(logged.id, points=50, x="time", server_url=logged.url)
    assert [(each.experiment_id, each.name, each.group) for each in found] == [
        (logged.id, name, None) for name in sorted(NAMES)
    ]
    for each in found:
        rows = logged.of(each.name)
        assert each.total == len(rows) == each.columns["count"].sum()
        assert each.non_finite == sum(not math.isfinite(row[1]) for row in rows)
        assert list(each.columns) == ["x", "last", "min", "max", "mean", "count"]
        assert len(each.columns) <= 50
        assert {name: str(each.columns[name].dtype) for name in ("x", "last", "count")} == {
            "x": "float64",
            "last": "float64",
            "count": "int64",
        }
        assert each.columns.pandas().columns.tolist() == list(each.columns)


def test_series_of_every_point(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without buckets there is a row for each point: large steps to the digit, NaN and infinities in `last`."""
    monkeypatch.setattr(reader, "AT_ONCE", 2)
    made = [create(server, f"series {number}") for number in range(3)]
    step = 2**62 + 1
    for experiment in made:
        values = [0.1, "NaN", "-Infinity"]
        logs = [{"name": "loss", "value": value, "step": step + i} for i, value in enumerate(values)]
        log(server, experiment, logs, writer="a", firstSeq=1)
        log(server, experiment, logs[:1], writer="b", firstSeq=1)
    found = tora.api.series(made, ["loss"], points=0, start=step, server_url=server.url)
    assert [each.experiment_id for each in found] == made
    for each in found:
        assert each.columns["x"].tolist() == [step, step, step + 1, step + 2]
        assert bits(each.columns["last"]) == bits([0.1, 0.1, math.nan, -math.inf])
        assert np.isnan(each.columns["mean"]).tolist() == [False, False, True, True]
    across = tora.api.series(made[0], "loss", across="writers", server_url=server.url)
    assert list(across[0].columns) == ["x", "mean", "min", "max", "p5", "p50", "p95", "count"]
    assert across[0].columns["count"].tolist() == [2, 1, 1]
    assert tora.api.series([], "loss", server_url=server.url) == []


def test_series_of_groups_of_writers(server: Server) -> None:
    """With `by`, writers are taken together by a label of theirs, and each record says by which value."""
    made = create(server, "grouped")
    for writer, labels in (("a", {"rank": "0"}), ("b", {"rank": "1"}), ("c", {"rank": "1"}), ("d", {})):
        log(server, made, [{"name": "loss", "value": 1, "step": 1}], writer=writer, firstSeq=1)
        beat = {"writer": writer, **({"labels": labels} if labels else {})}
        assert request("POST", f"{server.url}/experiments/{made}/heartbeat", beat).status == 200
    found = tora.api.series(made, "loss", across="writers", by="rank", server_url=server.url)
    assert {each.group: each.columns["count"].tolist() for each in found} == {"0": [1], "1": [2], None: [1]}


# --- Export ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_exports_are_complete_and_tell_how_far_they_are(logged: Logged, tmp_path: Path, kind: str) -> None:
    """The kind follows from the path, every point is in the file, and the last report says that all are."""
    path = tmp_path / f"points.{kind}"
    path.write_text("of before", encoding="utf-8")
    told: list[tuple[int, int]] = []
    size = tora.api.export(
        logged.id, path, progress=lambda done, total: told.append((done, total)), server_url=logged.url
    )
    assert size == path.stat().st_size
    assert told == sorted(told)
    assert told[-1] == (POINTS, POINTS)
    assert files(tmp_path) == [path.name]
    values: Any
    if kind == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            values = [float(row[1]) for row in list(csv.reader(file))[1:]]
    elif kind == "jsonl":
        values = [float(json.loads(line)["value"]) for line in path.read_text("utf-8").split("\n")[:-1]]
    else:
        values = duckdb.execute("SELECT value FROM read_parquet(?)", [str(path)]).fetchnumpy()["value"]
    assert bits(values) == bits([row[1] for row in logged.rows])


def test_an_export_of_some_metrics(logged: Logged, tmp_path: Path) -> None:
    """A format that is named holds whatever the path ends with, and a name narrows what is written."""
    told: list[tuple[int, int]] = []
    path = tmp_path / "points.csv"
    tora.api.export(
        logged.id, str(path), "jsonl", NAMES[2], progress=lambda *far: told.append(far), server_url=logged.url
    )
    lines = path.read_text("utf-8").split("\n")[:-1]
    assert {json.loads(line)["name"] for line in lines} == {NAMES[2]}
    assert told[-1] == (len(lines), POINTS // 3)


def test_an_export_that_cannot_be_written_leaves_nothing(logged: Logged, tmp_path: Path) -> None:
    """A folder that is not there, a folder in the file's place and an unknown format are named."""
    for path in (tmp_path / "absent" / "points.csv", tmp_path):
        with pytest.raises(tora.ToraConfigurationError, match=f"cannot write {path}: .*choose another place"):
            tora.api.export(logged.id, path, server_url=logged.url)
    with pytest.raises(tora.ToraValidationError, match="format must be csv, jsonl or parquet, got 'xml'"):
        tora.api.export(logged.id, tmp_path / "points.csv", "xml", server_url=logged.url)  # type: ignore[arg-type]
    assert files(tmp_path) == []


# --- What goes wrong ------------------------------------------------------------------------------


def test_an_unknown_experiment_is_an_error(server: Server, tmp_path: Path) -> None:
    """Each call says that there is none, and what to check."""
    unknown = pytest.raises(tora.ToraExperimentError, match=r"GET http://.*absent.* answered 404: .* Check the id")
    with unknown:
        tora.api.experiment("absent", server_url=server.url)
    with unknown:
        tora.api.metrics("absent", server_url=server.url)
    with unknown:
        tora.api.points("absent", server_url=server.url)
    with unknown:
        tora.api.export("absent", tmp_path / "points.csv", server_url=server.url)
    with pytest.raises(tora.ToraExperimentError, match="absent"):
        tora.api.series("absent", "loss", server_url=server.url)
    with pytest.raises(tora.ToraValidationError, match="experiment_id must be"):
        tora.api.points("a/b", server_url=server.url)


def test_wrong_questions_are_errors(server: Server) -> None:
    """The server's words say what is wrong, and a key that it does not know is refused."""
    with pytest.raises(tora.ToraValidationError, match="filter"):
        _ = [each for each in tora.api.experiments(filter="lr <", server_url=server.url)]
    with pytest.raises(tora.ToraValidationError, match="archived must be True, False or None, got 'yes'"):
        _ = [each for each in tora.api.experiments(archived="yes", server_url=server.url)]  # type: ignore[arg-type]
    with pytest.raises(tora.ToraWorkspaceError, match="absent"):
        _ = [each for each in tora.api.experiments(workspace="absent", server_url=server.url)]
    with pytest.raises(tora.ToraValidationError, match="points must be"):
        tora.api.series(create(server, "asked wrongly"), "loss", points=-1, server_url=server.url)
    with pytest.raises(tora.ToraAuthenticationError, match="401"):
        _ = [each for each in tora.api.experiments(api_key="wrong", server_url=server.url)]


def test_no_server_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody at the address, somebody else there, and a mode without a server are told apart."""
    with pytest.raises(tora.ToraNetworkError, match="no connection"):
        tora.api.metrics("e", server_url=f"http://127.0.0.1:{free_port()}")

    def answer(asked: Asked) -> Reply | None:
        return Reply(200, {"hello": "world"})

    with scripted(answer) as script, pytest.raises(tora.ToraAPIError, match="does not promise"):
        tora.api.experiment("e", server_url=script.url)
    monkeypatch.setenv("TORA_MODE", "disabled")
    with pytest.raises(tora.ToraConfigurationError, match="TORA_MODE=disabled"):
        _ = [each for each in tora.api.experiments()]
    with pytest.raises(tora.ToraConfigurationError, match="TORA_MODE=disabled"):
        tora.api.points("e")

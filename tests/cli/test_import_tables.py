"""`tora import` of CSV tables that others wrote, and what is said of sources that are none."""

from __future__ import annotations

import datetime as dt
import math
import sys
import uuid
from pathlib import Path

import pytest

from tests.cli.conftest import Tora
from tests.cli.imports import bits, counts, imported, record, stored
from tests.support.serving import Server


def table(folder: Path, text: str, name: str | None = None) -> Path:
    """Write a table that is no other test's."""
    path = folder / (name or f"{uuid.uuid4().hex}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_each_column_is_a_metric(tora: Tora, tmp_path: Path, signed_in: Server) -> None:
    """Steps and times have columns of their own, an empty cell is no point, NaN is one, and text is counted."""
    path = table(
        tmp_path,
        "epoch;at;loss;größe/acc;note\n0;1700000000.5;0.1;nan;good\n1;2023-11-14T22:13:21Z;;-inf;\n2.0;1700000002;-0.0;1e300;bad\n",
    )
    [run] = imported(tora, str(path), "--step", "epoch", "--time", "at")["runs"]
    assert stored(signed_in, run) == {
        "loss": [(0, 1700000000.5, bits(0.1)), (2, 1700000002.0, bits(-0.0))],
        "größe/acc": [
            (0, 1700000000.5, bits(math.nan)),
            (1, 1700000001.0, bits(-math.inf)),
            (2, 1700000002.0, bits(1e300)),
        ],
    }
    assert counts(run["left"]) == {"cells that are no numbers": 2}
    found = record(signed_in, run)
    assert (found["name"], found["duration"]) == (path.stem, 1.5)
    assert dt.datetime.fromisoformat(found["createdAt"]).timestamp() == 1700000000.5


def test_a_table_that_grew_adds_rows_and_columns(tora: Tora, tmp_path: Path, signed_in: Server) -> None:
    """New rows, and a new column with all its rows, are added and nothing is stored twice."""
    path = table(tmp_path, "step,loss\n0,1\n1,2\n")
    [first] = imported(tora, str(path))["runs"]
    path.write_text("step,acc,loss\n0,,1\n1,5,2\n2,6,3\n", encoding="utf-8")
    [second] = imported(tora, str(path))["runs"]
    assert (first["stored"], second["stored"]) == (2, 3)
    assert first["experiment"] == second["experiment"]
    assert [step for step, _, _ in stored(signed_in, second)["loss"]] == [0, 1, 2]


def test_a_folder_of_tables(tora: Tora, tmp_path: Path) -> None:
    """Each table of a tree is a run named for its place, and tables of one name do not meet in one experiment."""
    for version in ("version_0", "version_1"):
        table(tmp_path, "step,loss\n0,1\n", f"{version}/metrics.csv")
    runs = imported(tora, str(tmp_path))["runs"]
    assert [run["run"] for run in runs] == ["version_0/metrics", "version_1/metrics"]
    assert [run["stored"] for run in runs] == [1, 1]


def test_wrong_tables_are_not_begun(tora: Tora, tmp_path: Path) -> None:
    """One line names the file, the row and the column, and what to do."""
    wrong = {
        "step,loss\n0,1\nx,2\n": "row 3: the column 'step' must be a step, which is a whole number, got 'x'",
        "step,loss\n0.5,1\n": "row 2: the column 'step' must be a step",
        "step,timestamp,loss\n0,soon,1\n": "row 2: the column 'timestamp' must be a time",
        "a,a\n1,2\n": "its first line must name the columns, each once",
        "a,b\n1,2,3\n": "row 2: it has 3 fields, and there are 2 columns",
    }
    for text, said in wrong.items():
        ended = tora("import", str(table(tmp_path, text)), code=1)
        assert said in ended.stderr
        assert len(ended.stderr.splitlines()) == 1


def test_a_column_that_is_not_there(tora: Tora, tmp_path: Path) -> None:
    """--step with another name lists the columns that there are, and means nothing for other sources."""
    path = table(tmp_path, "round,loss\n0,1\n")
    assert "has no column 'step'; it has 'round', 'loss'" in tora("import", str(path), "--step", "step", code=1).stderr
    own = table(tmp_path, "name,value,step,time,writer,metadata\n")
    assert "--step and --time name columns" in tora("import", str(own), "--step", "step", code=1).stderr


def test_a_folder_without_a_source(tora: Tora, tmp_path: Path) -> None:
    """A folder in which nothing can be imported is one line that says what could be, and so is a wrong kind."""
    assert "has nothing in it that Tora can import" in tora("import", str(tmp_path), code=1).stderr
    assert "has no runs of wandb" in tora("import", str(tmp_path), "--from", "wandb", code=1).stderr
    log = table(tmp_path, "no log", "x.wandb")
    assert "is no .wandb file" in tora("import", str(log), "--from", "wandb", code=1).stderr


def test_a_missing_package_is_named(tora: Tora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package that reads a source is not installed, the error says what to install."""
    for module in ("tensorboard.compat.proto.event_pb2", "wandb.proto.wandb_internal_pb2", "yaml"):
        monkeypatch.setitem(sys.modules, module, None)
    places = {
        "tensorboard": table(tmp_path, "", "runs/events.out.tfevents.1.host"),
        "wandb": table(tmp_path, "", "run-1.wandb"),
        "mlflow": table(tmp_path, "", "mlruns/0/meta.yaml").parents[1],
    }
    for extra, place in places.items():
        assert f'pip install "tora[{extra}]"' in tora("import", str(place), "--from", extra, code=1).stderr

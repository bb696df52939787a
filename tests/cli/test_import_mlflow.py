"""`tora import` of MLflow's stores, written by MLflow: a folder and a database, as tests/data/README.md says."""

from __future__ import annotations

import datetime as dt
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Tora
from tests.cli.imports import bits, counts, imported, record, stored
from tests.support.serving import Server
from tests.support.source import ROOT

STORES = pytest.mark.parametrize(("place", "kind"), [("mlruns", "file"), ("mlflow.db", "sql")])
STATUSES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "stopped"}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the stores."""
    folder = tmp_path_factory.mktemp("mlflow")
    with tarfile.open(ROOT / "tests" / "data" / "mlflow.tar.gz") as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def expected(stores: Path) -> dict[str, Any]:
    """What MLflow reads from the stores."""
    found: dict[str, Any] = json.loads((stores / "expected.json").read_text("utf-8"))
    return found


@STORES
def test_a_store_is_imported(
    tora: Tora, stores: Path, expected: dict[str, Any], signed_in: Server, place: str, kind: str
) -> None:
    """Each run is an experiment with every scalar, step and time that MLflow reads back, NaN among them."""
    told = imported(tora, str(stores / "now" / place))
    runs = {run["name"]: run for run in told["runs"]}
    assert runs.keys() == {each["name"] for each in expected[kind].values()}
    for each in expected[kind].values():
        run = runs[each["name"]]
        points = {
            name: sorted((step, time / 1000, bits(float(value))) for step, time, value in found if step >= 0)
            for name, found in each["points"].items()
        }
        found = {name: sorted(points) for name, points in stored(signed_in, run).items()}
        assert found == {name: rows for name, rows in points.items() if rows}, each["name"]
        assert run["status"] == STATUSES[each["status"]]
        first = record(signed_in, run)
        assert dt.datetime.fromisoformat(first["createdAt"]).timestamp() == pytest.approx(
            each["start"] / 1000, abs=1e-3
        )
        assert first["duration"] == pytest.approx((each["end"] - each["start"]) / 1000, abs=2e-3)
    assert counts(told["left"]) == {"deleted runs": 1}
    assert counts(runs["a run"]["left"])["points at negative steps"] == 1


@STORES
def test_what_describes_a_run_comes_with_it(tora: Tora, stores: Path, signed_in: Server, place: str, kind: str) -> None:
    """Parameters are numbers where they are written as such, tags are tags, and MLflow's own remarks are context."""
    [run] = [each for each in imported(tora, str(stores / "now" / place))["runs"] if each["name"] == "a run"]
    found = record(signed_in, run)
    params = {"lr": 0.1, "layers": 3, "adam": True, "net": "mlp", "version": "007", "late": "x"}
    assert found["hyperparams"] == params
    assert (sorted(found["tags"]), found["notes"]) == (["bare", "team=red"], "what I saw")
    assert found["context"]["mlflow"] == {"experiment": "vision", "source.name": "train.py"}


@STORES
def test_a_store_that_grew_adds_what_is_new(
    tora: Tora, stores: Path, tmp_path: Path, signed_in: Server, place: str, kind: str
) -> None:
    """What was logged since is added, of whatever time and step, with parameters and the status; no point twice."""
    # Other tests import the same runs: in another workspace they are other experiments.
    here = ["--workspace", json.loads(tora("workspace", "create", tmp_path.name, "--json").stdout)["id"]]
    before = imported(tora, str(stores / "before" / place), "--from", "mlflow", *here)["runs"]
    after = imported(tora, str(stores / "now" / place), *here)["runs"]
    again = imported(tora, str(stores / "now" / place), *here)["runs"]
    assert sum(each["stored"] for each in again) == 0
    new = {each["run"]: each["points"] - each["stored"] for each in after}
    assert new == {each["run"]: each["points"] for each in before}
    [run] = [each for each in after if each["run"] == "a run"]
    assert record(signed_in, run)["hyperparams"]["late"] == "x"
    assert len(stored(signed_in, run)["train/loss"]) == 9
    [running] = [each for each in after if each["run"] == "running"]
    assert record(signed_in, running)["status"] == "finished"


def test_files_of_a_run_are_counted(tora: Tora, stores: Path) -> None:
    """Artifacts are named as what was not taken."""
    said = tora("import", str(stores / "now" / "mlruns")).stdout
    assert "killed: not taken: 1 artifacts (plots/hello.txt)" in said


def test_a_database_of_others_is_refused(tora: Tora, tmp_path: Path) -> None:
    """SQLite files without MLflow's tables are one line that says so."""
    import sqlite3

    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE x (y)")
    database.close()
    assert f"{path} cannot be read as a database of MLflow's" in tora("import", str(path), code=1).stderr

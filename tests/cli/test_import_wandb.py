"""`tora import` of wandb's offline runs, written by wandb."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from wandb.proto import wandb_internal_pb2

from tests.cli import wandb_run
from tests.cli.conftest import Tora
from tests.cli.imports import Points, bits, counts, imported, record, stored
from tests.support.serving import Server
from tests.support.source import ROOT


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``wandb`` of a script that logged runs."""
    folder = tmp_path_factory.mktemp("project")
    places = {f"WANDB_{kind}_DIR": str(folder / kind) for kind in ("CACHE", "CONFIG", "DATA", "ARTIFACT")}
    script = ROOT / "tests" / "cli" / "wandb_run.py"
    subprocess.run([sys.executable, str(script), str(folder)], env=os.environ | places, timeout=100, check=True)
    return folder / "wandb"


def read_back(file: Path) -> list[Any]:
    """Return the records of a log that is shorter than a block, by wandb's own classes."""
    content, place, found = file.read_bytes(), 7, []
    assert len(content) < 32 * 1024
    while place < len(content):
        _, length, kind = struct.unpack_from("<IHB", content, place)
        assert kind == 1
        record_class = vars(wandb_internal_pb2)["Record"]
        found.append(record_class.FromString(content[place + 7 : place + 7 + length]))
        place += 7 + length
    return found


def history(file: Path) -> Points:
    """Return the numbers of a log's histories as they stand there."""
    found: Points = {}
    for each in read_back(file):
        row = {".".join(item.nested_key) or item.key: item.value_json for item in each.history.item}
        for name, said in row.items():
            if isinstance(value := json.loads(said), (int, float)) and not name.startswith(("_", "image.", "weights.")):
                number = bits(value if isinstance(value, bool) else float(said))
                found.setdefault(name, []).append((int(row["_step"]), float(row["_timestamp"]), number))
    return found


def test_offline_runs_are_imported(tora: Tora, logged: Path, signed_in: Server) -> None:
    """Each run is an experiment with every scalar, step and time as wandb wrote them, and what describes it."""
    told = imported(tora, str(logged))
    runs = {run["run"]: run for run in told["runs"]}
    assert set(runs) == {"a run", "failed", "long"}
    run = runs["a run"]
    [file] = [each for each in logged.glob("offline-run-*/*.wandb") if b"what I saw" in each.read_bytes()]
    points = stored(signed_in, run)
    best = points.pop("best")
    expected = history(file)
    assert points == expected
    assert [value for _, _, value in expected["loss"]] == [bits(value) for value in wandb_run.VALUES]
    assert [step for step, _, _ in expected["loss"]] == list(range(7))
    assert [(step, value) for step, _, value in best] == [(None, bits(0.25))]
    left = counts(run["left"])
    assert (left["text"], left["empty values"], left["image-file"], left["histogram"]) == (7, 7, 1, 1)
    assert left["results that differ from the end of their history"] == 1


def test_what_describes_a_run_comes_with_it(tora: Tora, logged: Path, signed_in: Server) -> None:
    """Name, configuration, tags, notes, times and the way it ended are the experiment's."""
    runs = {run["run"]: record(signed_in, run) for run in imported(tora, str(logged))["runs"]}
    found = runs["a run"]
    assert found["hyperparams"] == {"lr": 0.1, "net.depth": 3, "added": [1, 2]}
    assert (found["tags"], found["notes"], found["status"]) == (["a", "größer"], "what I saw", "finished")
    assert found["createdAt"] < found["endedAt"]
    assert found["context"]["wandb"]["run"].startswith("vision/")
    assert runs["failed"]["status"] == "failed"


def test_a_log_of_many_blocks_is_read_whole(tora: Tora, logged: Path, signed_in: Server) -> None:
    """Records that reach from one block into others are put together, and nothing behind them is lost."""
    [run] = [each for each in imported(tora, str(logged))["runs"] if each["run"] == "long"]
    steps = range(1, wandb_run.LONG)
    found = stored(signed_in, run)["x"]
    assert [(step, value) for step, _, value in found] == [(step, bits(step / 7)) for step in steps]
    assert counts(run["left"])["text"] == 1


def test_a_run_that_was_cut_off_goes_on(tora: Tora, logged: Path, tmp_path: Path, signed_in: Server) -> None:
    """A log whose end is missing is imported up to there and not said to have ended; the whole one adds the rest."""
    file = next(each for each in logged.glob("offline-run-*/*.wandb") if b"late" in each.read_bytes())
    whole = file.read_bytes()
    copy = tmp_path / file.name
    copy.write_bytes(whole[: whole.index(b"late")])
    [cut] = imported(tora, str(copy), "--name", "grows")["runs"]
    assert "cut off" in str(cut["left"])
    assert cut["status"] == "running"
    copy.write_bytes(whole)
    [more] = imported(tora, str(copy), "--name", "grows")["runs"]
    [again] = imported(tora, str(copy), "--name", "grows")["runs"]
    assert more["experiment"] == cut["experiment"]
    assert (cut["stored"] + more["stored"], again["stored"]) == (again["points"], 0)
    assert 0 < cut["stored"] < again["points"]


def test_several_runs_do_not_fit_into_one_experiment(tora: Tora, logged: Path) -> None:
    """--name with a folder of several runs is an error that names them."""
    said = tora("import", str(logged), "--name", "both", code=1).stderr
    assert "--name and --into take one run, and there are 3: " in said
    assert "'failed'" in said

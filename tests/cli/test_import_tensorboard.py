"""`tora import` of TensorBoard's event files, written by PyTorch's SummaryWriter and by TensorBoard's own writer."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.scalar.metadata import create_summary_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_ndarray, make_tensor_proto
from torch.utils.tensorboard import SummaryWriter

from tests.cli.conftest import Tora
from tests.cli.imports import Points, bits, counts, imported, record, stored
from tests.support.serving import Server

VALUES = [1.5, math.nan, math.inf, -math.inf, -0.0, 0.1]
START = 1_700_000_000.25


def write_torch(folder: Path, begin: int = 0) -> None:
    """Write scalars, and what is none, as training scripts do."""
    with SummaryWriter(folder) as writer:
        for step, value in enumerate(VALUES, begin):
            writer.add_scalar("train/loss", value, step, walltime=START + step / 3)
        writer.add_scalar("no step", 7)
        writer.add_histogram("weights", np.arange(4.0), 0)
        writer.add_text("notes", "hello", 0)
        writer.add_image("samples", np.zeros((3, 2, 2)), 0)


def write_tensors(folder: Path) -> None:
    """Write scalars in the way of TensorFlow 2 and Keras: tensors, and what they are is said of the first alone."""
    writer = EventFileWriter(str(folder))
    for step, value in enumerate([0.1, math.nan, 2.0]):
        metadata = create_summary_metadata(display_name="", description="") if step == 0 else None
        tensor = make_tensor_proto(np.float64(value))
        summary = Summary(value=[Summary.Value(tag="epoch_acc", tensor=tensor, metadata=metadata)])
        writer.add_event(Event(wall_time=START + step, step=step, summary=summary))
    writer.close()


def read_back(folder: Path) -> Points:
    """Return what TensorBoard itself reads of a folder."""
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}, purge_orphaned_data=False)
    found.Reload()
    points: Points = {
        tag: [(each.step, each.wall_time, bits(each.value)) for each in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }
    for tag in found.Tags()["tensors"]:
        arrays = [(each.step, each.wall_time, make_ndarray(each.tensor_proto)) for each in found.Tensors(tag)]
        if all(array.dtype.kind == "f" for _, _, array in arrays):
            points[tag] = [(step, time, bits(float(array))) for step, time, array in arrays]
    return points


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A tree with runs at two depths, one with hyperparameters, and files that are no runs."""
    root = tmp_path / "runs"
    write_torch(root / "first")
    write_tensors(root / "nested" / "second")
    with SummaryWriter(root / "tuned") as writer:
        writer.add_hparams({"lr": 0.1, "layers": 3, "adam": True, "net": "mlp"}, {"score": 0.9}, run_name="trial")
    (root / "README").write_text("not a run", encoding="utf-8")
    return root


def test_a_tree_of_runs_is_imported(tora: Tora, logs: Path, signed_in: Server) -> None:
    """Each folder is an experiment with each scalar, step and time that TensorBoard reads, and its hyperparameters."""
    told = imported(tora, str(logs))
    runs = {run["run"]: run for run in told["runs"]}
    assert set(runs) == {"first", "nested/second", "tuned", "tuned/trial"}
    for name in ("first", "nested/second", "tuned/trial"):
        assert stored(signed_in, runs[name]) == read_back(logs / name), name
    assert counts(runs["first"]["left"]) == {"histograms": 1, "text": 1, "images": 1}
    found = record(signed_in, runs["tuned/trial"])
    assert found["hyperparams"] == {"lr": 0.1, "layers": 3, "adam": True, "net": "mlp"}
    first = record(signed_in, runs["first"])
    assert (first["name"], first["status"]) == ("first", "finished")
    assert dt.datetime.fromisoformat(first["createdAt"]).timestamp() == pytest.approx(START, abs=0.01)
    assert first["duration"] > 0


def test_a_run_that_grew_gains_what_is_new(tora: Tora, tmp_path: Path, signed_in: Server) -> None:
    """Importing again stores nothing; a further file, and more in a file that was cut off, add what was missing."""
    write_torch(tmp_path / "run", 0)
    [file] = (tmp_path / "run").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:200])
    [cut] = imported(tora, str(tmp_path / "run"))["runs"]
    assert "rest of a file" in str(cut["left"])
    file.write_bytes(whole)
    write_torch(tmp_path / "run", 100)
    [more] = imported(tora, str(tmp_path / "run"))["runs"]
    [again] = imported(tora, str(tmp_path / "run"))["runs"]
    assert {cut["experiment"], more["experiment"], again["experiment"]} == {cut["experiment"]}
    assert (cut["stored"] + more["stored"], again["stored"]) == (again["points"], 0)
    assert 0 < cut["stored"] < len(VALUES)
    read = {name: sorted(points) for name, points in read_back(tmp_path / "run").items()}
    assert {name: sorted(points) for name, points in stored(signed_in, again).items()} == read


def test_what_tora_cannot_have_is_counted(tora: Tora, tmp_path: Path) -> None:
    """Points at negative steps and metrics with impossible names are told of by name; the summary is for people too."""
    with SummaryWriter(tmp_path / "odd") as writer:
        writer.add_scalar("late", 1.0, -1)
        writer.add_scalar("x" * 300, 1.0, 1)
        writer.add_scalar("fine", 1.0, 1)
    said = tora("import", str(tmp_path / "odd"))
    assert "1 points at negative steps (late)" in said.stdout
    assert "too long" in said.stdout
    [run] = imported(tora, str(tmp_path / "odd"))["runs"]
    assert (run["points"], run["metrics"], run["stored"]) == (1, 1, 0)

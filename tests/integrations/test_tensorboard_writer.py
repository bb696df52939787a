"""The `SummaryWriter`, beside PyTorch's own with the same calls."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils import tensorboard as torchs

from tests.integrations.found import experiment, experiments
from tests.support.serving import Server
from tora import Tora, ToraValidationError
from tora.integrations import tensorboard

pytestmark = [
    # TensorBoard's protocol buffers and its reader are older than the numpy and Python that they run with.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:tensorboard.*"),
]


def _train(writer: Any) -> None:
    """Fit a line, with the calls of a program that was written for TensorBoard."""
    weight = torch.zeros(1, requires_grad=True)
    for step in range(20):
        loss = ((weight - 3.0) ** 2).mean()
        torch.autograd.backward(loss)
        with torch.no_grad():
            assert weight.grad is not None
            weight -= 0.1 * weight.grad
            weight.grad.zero_()
        writer.add_scalar("loss", loss, step)
        writer.add_scalar("weight", weight.detach().numpy(), global_step=np.int64(step))
        writer.add_scalars("both", {"double": 2.0 * step, "half": torch.tensor(step / 2)}, step)
        writer.add_histogram("weights", weight, step)
        writer.add_text("note", "hello", step)
    writer.add_scalar("loss", float("nan"), torch.tensor(20))
    writer.flush()


def _read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_the_same_calls_log_what_tensorboard_has(server: Server, tmp_path: Path, caplog: Any) -> None:
    """Tags, steps and values are PyTorch's own; what Tora does not hold is warned of once a kind."""
    folder = tmp_path / "runs" / "same"
    with torchs.SummaryWriter(str(folder)) as real:
        _train(real)
    with caplog.at_level(logging.WARNING, "tora"), tensorboard.SummaryWriter(folder, server_url=server.url) as ours:
        _train(ours)
        assert ours.get_logdir() == str(folder)

    expected = _read(folder)
    for tag in ("double", "half"):
        expected[f"both/{tag}"] = _read(folder / f"both_{tag}")["both"]
    found = experiment(server, str(folder))
    assert found.status == "finished"
    assert found.points.keys() == expected.keys()
    for name, points in expected.items():
        # TensorBoard keeps single precision.
        rounded = [(step, float(np.float32(value))) for step, value in found.points[name]]
        np.testing.assert_array_equal(rounded, points)
    assert sum(map(len, found.points.values())) == 81
    assert sorted(message.split("()")[0] for message in caplog.messages) == ["Tora: add_histogram", "Tora: add_text"]


def test_hyperparameters_are_those_of_the_run(server: Server) -> None:
    """The first `add_hparams` gives them to the experiment; another makes one of its own, finished at once."""
    with tensorboard.SummaryWriter("old search", server_url=server.url, tags=["old code"]) as writer:
        writer.add_scalar("loss", 0.5, 1)
        for place in range(3):
            rates = {"lr": 0.1 * place, "net": {"depth": place}}
            writer.add_hparams(rates, {"hparam/accuracy": 0.5 + place}, run_name=f"try-{place}" if place else None)
    writer.add_scalar("loss", 0.25, 2)
    writer.close()

    found = experiments(server, "old search")
    assert [each.name for each in found] == ["old search", "old search/try-1", "old search/try-2"]
    assert [each.hyperparams for each in found] == [{"lr": 0.1 * place, "net.depth": place} for place in range(3)]
    assert [each.points["hparam/accuracy"] for each in found] == [[(None, 0.5 + place)] for place in range(3)]
    assert {(each.status, *each.tags) for each in found} == {("finished", "old code")}
    assert found[0].points["loss"] == [(1, 0.5), (2, 0.25)]


def test_a_callers_client_is_left_open(server: Server) -> None:
    """With `client` all goes to that experiment, and closing the writer ends nothing."""
    with Tora.create_experiment("shared writer", server_url=server.url) as client:
        with tensorboard.SummaryWriter("runs/any", client=client) as writer:
            writer.add_scalar("loss", 0.5, 1.9, walltime=123.0)
            writer.add_hparams({"lr": 0.1}, {"score": 1.0}, global_step=2, run_name=".")
            writer.add_hparams({"lr": 0.2}, {"score": 2.0}, global_step=3)
        client.log("loss", 0.25, 2)

    found = experiment(server, "shared writer")
    assert found.hyperparams == {"lr": 0.1}
    assert found.points == {"loss": [(1, 0.5), (2, 0.25)], "score": [(2, 1.0), (3, 2.0)]}
    assert found.metadata == {"loss": [{"walltime": 123.0}, None], "score": [None, {"hparams": {"lr": 0.2}}]}


def test_wrong_values_are_left_out(server: Server, caplog: Any) -> None:
    """What is no number is warned of once a tag, and nothing raises; only a call that nobody knows does."""
    with (
        tensorboard.SummaryWriter("wrong tags", server_url=server.url) as writer,
        caplog.at_level(logging.WARNING, "tora"),
    ):
        for step in range(2):
            writer.add_scalar("image", np.zeros((2, 2)), step)
            writer.add_scalar("text", "high", step)
        writer.add_scalar("x" * 300, 1.0, 0)
        with pytest.raises(AttributeError, match="add_scaler"):
            writer.add_scaler("loss", 1.0)
    (name,) = experiment(server, "wrong tags").points
    assert len(name) == 250
    assert len(caplog.messages) == 2


def test_a_client_and_a_name_are_too_much(server: Server) -> None:
    """The caller says which of both is meant."""
    with (
        Tora.create_experiment("one of both", server_url=server.url) as client,
        pytest.raises(ToraValidationError, match="either client="),
    ):
        tensorboard.SummaryWriter(client=client, name="another")


def test_every_call_of_pytorchs_writer_is_there() -> None:
    """Code for PyTorch's `SummaryWriter` finds each of its public calls."""
    calls = {name for name in vars(torchs.SummaryWriter) if not name.startswith("_")}
    ours = tensorboard.LEFT_OUT | {name for name in dir(tensorboard.SummaryWriter) if not name.startswith("_")}
    assert calls <= ours

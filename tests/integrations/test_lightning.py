"""Lightning's logger, beside Lightning's own CSV logger."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only

from tests.integrations.found import experiment, experiments
from tests.support.serving import Server
from tora import Tora
from tora.integrations.lightning import ToraLogger, _package

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    # Lightning asks PyTorch in a way that PyTorch is about to give up.
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning"),
]


class Line(LightningModule):
    """A line through points, which logs once a step and once an epoch."""

    def __init__(self, lr: float, *, fails: bool = False) -> None:
        super().__init__()
        self.save_hyperparameters({"lr": lr, "fails": fails})
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch: torch.Tensor, number: int) -> torch.Tensor:
        """Log the loss of the step and the mean of the epoch."""
        if self.hparams["fails"] and number == 2:
            raise ArithmeticError("the training breaks")
        loss: torch.Tensor = self.layer(batch).pow(2).mean()
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: torch.Tensor) -> None:
        """Log one metric by itself and two together."""
        self.log("val_loss", self.layer(batch).pow(2).mean())
        self.log_dict({"low": batch.min(), "high": batch.max()})

    def test_step(self, batch: torch.Tensor) -> None:
        """Log the loss of the test."""
        self.log("test_loss", self.layer(batch).pow(2).mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return plain gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])


@pytest.fixture
def batches() -> torch.utils.data.DataLoader[torch.Tensor]:
    """Four batches of points."""
    points = torch.randn(16, 2, generator=torch.Generator().manual_seed(1))
    return torch.utils.data.DataLoader(points, batch_size=4)  # type: ignore[arg-type]  # a tensor is a data set


def _trainer(folder: Path, *loggers: Any, **settings: Any) -> Trainer:
    return Trainer(
        max_epochs=2,
        accelerator="cpu",
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        logger=list(loggers),
        **settings,
    )


def _recorded(logger: CSVLogger) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    with (Path(logger.log_dir) / "metrics.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            step = int(row.pop("step"))
            for name, text in row.items():
                if text:
                    found.setdefault(name, []).append((step, float(text)))
    return found


def test_a_training_and_a_test_are_one_experiment(server: Server, tmp_path: Path, batches: Any) -> None:
    """All that Lightning writes to its CSV file is logged, and hyperparameters and checkpoints find their place."""
    own = CSVLogger(tmp_path / "csv")
    trainer = _trainer(tmp_path, ToraLogger("lit run", server_url=server.url, tags=["tiny"]), own)
    model = Line(lr=0.1)
    trainer.fit(model, batches, batches)
    after_the_training = experiment(server, "lit run")
    assert trainer.logger is not None
    assert trainer.logger.version == after_the_training.id
    assert experiment(server, "lit run").status == "finished"
    trainer.test(model, batches, verbose=False)
    found = experiment(server, "lit run")
    assert (after_the_training.status, found.status) == ("finished", "finished")
    assert "test_loss" not in after_the_training.points
    assert found.points == _recorded(own)
    assert {"train/loss_step", "train/loss_epoch", "val_loss", "low", "high", "test_loss", "epoch"} == set(found.points)
    assert len(found.points["train/loss_step"]) == 8
    assert (found.hyperparams, found.tags) == ({"lr": 0.1, "fails": False}, ["tiny"])
    assert list((tmp_path / "lit run" / found.id / "checkpoints").glob("*.ckpt"))


def test_an_exception_makes_it_failed(server: Server, tmp_path: Path, batches: Any) -> None:
    """What was logged before the exception is there, and the exception comes through."""
    trainer = _trainer(tmp_path, ToraLogger("lit broken", server_url=server.url), enable_checkpointing=False)
    with pytest.raises(ArithmeticError):
        trainer.fit(Line(lr=0.1, fails=True), batches, batches)
    found = experiment(server, "lit broken")
    assert found.status == "failed"
    assert [step for step, _ in found.points["train/loss_step"]] == [0, 1]


def test_a_client_of_the_caller_is_left_open(server: Server, tmp_path: Path, batches: Any) -> None:
    """The caller's experiment gets metrics and hyperparameters, and the caller ends it."""
    with Tora.create_experiment("lit given", hyperparams={"mine": 1}, server_url=server.url) as client:
        logger = ToraLogger(client=client)
        trainer = _trainer(tmp_path, logger, enable_checkpointing=False)
        trainer.fit(Line(lr=0.2), batches, batches)
        assert logger.experiment is client
        assert logger.version == client.experiment_id
        assert not client.is_closed
    found = experiment(server, "lit given")
    assert len(found.points["train/loss_step"]) == 8
    assert found.hyperparams == {"mine": 1, "lr": 0.2, "fails": False}


@pytest.fixture
def rank_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is the second of a distributed training."""
    monkeypatch.setattr(rank_zero_only, "rank", 1)


def test_other_ranks_do_nothing(server: Server, rank_one: None) -> None:
    """Only rank zero makes an experiment; the others' calls do nothing and raise nothing."""
    logger = ToraLogger("lit ranks", server_url=server.url)
    logger.log_hyperparams({"lr": 1})
    logger.log_metrics({"loss": 1.0}, 1)
    logger.experiment.log("loss", 1.0)
    logger.finalize("success")
    assert logger.version is None
    assert experiments(server, "lit ranks") == []


def test_a_program_with_the_older_package_gets_its_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `pytorch_lightning` is what the program imported, the logger is one of that package's."""
    assert _package() == "lightning.pytorch"
    monkeypatch.setitem(sys.modules, "pytorch_lightning", sys)
    assert _package() == "lightning.pytorch"
    monkeypatch.delitem(sys.modules, "lightning.pytorch")
    assert _package() == "pytorch_lightning"

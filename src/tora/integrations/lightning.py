"""PyTorch Lightning: a logger, for `lightning.pytorch` and `pytorch_lightning`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Unpack

from tora import Tora
from tora.integrations._client import ExperimentOptions, Recorder

if TYPE_CHECKING:
    from lightning.fabric.loggers.logger import rank_zero_experiment
    from lightning.pytorch.loggers import Logger
    from lightning.pytorch.utilities import rank_zero_only


def _package() -> str:
    """Return the package that the program uses; each has classes, and a rank, of its own."""
    if "lightning.pytorch" not in sys.modules and "pytorch_lightning" in sys.modules:
        return "pytorch_lightning"
    return "lightning.pytorch" if find_spec("lightning") or not find_spec("pytorch_lightning") else "pytorch_lightning"


if not TYPE_CHECKING:
    try:
        _loggers = import_module(f"{_package()}.loggers.logger")
        rank_zero_only = import_module(f"{_package()}.utilities").rank_zero_only
    except ImportError as missing:
        missing.add_note("tora.integrations.lightning needs PyTorch Lightning: pip install lightning")
        raise
    Logger, rank_zero_experiment = _loggers.Logger, _loggers.rank_zero_experiment

__all__ = ["ToraLogger"]


class ToraLogger(Logger):
    """A logger for ``Trainer(logger=...)``: all that is logged with ``self.log``, under the names it has there.

    A logger is one experiment, created when the first training begins, with what ``save_hyperparameters()``
    saved as hyperparameters. It ends with the training, finished or failed, and goes on when
    the trainer is used again, to test for instance. Of several processes that of rank zero alone logs.

    Examples:
        >>> trainer = Trainer(logger=ToraLogger("my experiment", tags=["baseline"]))
        >>> trainer.fit(model, data)
    """

    def __init__(
        self, name: str | None = None, *, client: Tora | None = None, **options: Unpack[ExperimentOptions]
    ) -> None:
        """Keep what is given.

        Args:
            name: The experiment's name, ``lightning`` by itself.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.
        """
        super().__init__()
        self._name = name or "lightning"
        self._recorder = Recorder(name, client, options, default_name="lightning")

    @property
    @rank_zero_experiment
    def experiment(self) -> Tora:
        """The client, for ``self.logger.experiment.log(...)``; on other ranks what does nothing.

        Raises:
            ToraError: The experiment cannot be created; as `Tora.create_experiment`.
        """
        self._recorder.resume()
        return self._recorder.client

    @property
    def name(self) -> str:
        """The experiment's name, the first folder of its checkpoints."""
        return self._name

    @property
    def version(self) -> str | None:
        """The experiment's id, the second folder of its checkpoints; None on other ranks than zero."""
        if getattr(rank_zero_only, "rank", 0) > 0:
            return None
        return self._recorder.experiment_id or self._recorder.client.experiment_id

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace | None = None, *args: Any, **kwargs: Any) -> None:
        """Add hyperparameters to the experiment; what JSON cannot say becomes text."""
        del args, kwargs  # of other loggers
        found = vars(params) if isinstance(params, Namespace) else params or {}
        self._recorder.resume()
        self._recorder.begin(hyperparams=found)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log what the trainer reports, ``epoch`` among it, at the trainer's step."""
        self._recorder.resume()
        self._recorder.log(metrics, step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End the experiment when the trainer does; an exception makes it failed, Ctrl-C stopped."""
        if status in {"success", "finished"}:
            self._recorder.end()
        else:
            self._recorder.end(sys.exc_info()[1] or RuntimeError(f"the trainer ended with {status!r}"))

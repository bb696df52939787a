"""Keras 3, on any backend: a callback of ``model.fit``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from tora import Tora
from tora.integrations import _values
from tora.integrations._client import ExperimentOptions, Recorder

try:
    import keras
except ImportError as missing:
    missing.add_note("tora.integrations.keras needs Keras 3 and one of its backends: pip install keras torch")
    raise

__all__ = ["ToraCallback"]


class ToraCallback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Log what ``fit`` reports of each epoch, under the names and at the epochs of Keras' own history.

    Each training is an experiment of its own, unless the caller gives a client, with the optimizer, its
    learning rate, the loss, the number of parameters and the lengths as hyperparameters.
    Keras does not tell callbacks of an exception: then the experiment ends with the process.

    Examples:
        >>> model.fit(x, y, epochs=10, callbacks=[ToraCallback("my experiment", every_batches=100)])
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        every_batches: int | None = None,
        client: Tora | None = None,
        **options: Unpack[ExperimentOptions],
    ) -> None:
        """Keep what is given; the experiment is created when training begins, and ends with it.

        Args:
            name: The experiment's name, by itself that of the model.
            every_batches: Log as ``batch/...``, besides the epochs, what Keras says after each so many
                batches: means of the epoch so far, at the number of batches since training began. None: not.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.
        """
        super().__init__()
        self._recorder = Recorder(name, client, options, default_name="keras")
        self._every = every_batches
        self._before = 0  # batches of the epochs that are over
        self._batches = 0  # batches since training began
        self._logged = 0  # the number of batches at which they were logged last

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Create the experiment."""
        del logs
        self._before = self._batches = self._logged = 0
        self._recorder.end(RuntimeError("the training before did not end"))
        self._recorder.begin(self.model.name, _hyperparams(self.model, self.params or {}))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count the batches of the epochs before."""
        del epoch, logs
        self._before = self._batches

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log the epoch's means, and those of the validation."""
        self._recorder.log(logs or {}, epoch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log the means of the epoch so far, where that is wanted and it is time."""
        # With steps_per_execution it is called for several batches at once, with the number of the last.
        self._batches = self._before + batch + 1
        if self._every is not None and self._batches // self._every > self._logged // self._every:
            self._logged = self._batches
            self._recorder.log({f"batch/{name}": value for name, value in (logs or {}).items()}, self._batches)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the experiment."""
        del logs
        self._recorder.end()


def _hyperparams(model: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: params[name] for name in ("epochs", "steps") if params.get(name) is not None}
    if isinstance(loss := getattr(model, "loss", None), str):
        found["loss"] = loss
    if (optimizer := getattr(model, "optimizer", None)) is not None:
        found["optimizer"] = type(optimizer).__name__
        found["learning_rate"] = _values.number(keras.ops.convert_to_tensor(optimizer.learning_rate))
    if model.built:
        found["parameters"] = model.count_params()
    return found

"""Hugging Face Transformers: a callback of `transformers.Trainer`, and ``report_to="tora"``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from tora import Tora
from tora.integrations._client import ExperimentOptions, Recorder

try:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
except ImportError as missing:
    missing.add_note("tora.integrations.transformers needs Transformers and PyTorch: pip install 'transformers[torch]'")
    raise

__all__ = ["ToraCallback", "register"]


def register() -> None:
    """Make ``TrainingArguments(report_to="tora")`` work in this process."""
    INTEGRATION_TO_CALLBACK["tora"] = ToraCallback


class ToraCallback(TrainerCallback):
    """Log what the trainer logs, at its global step: ``train/...``, ``eval/...`` and ``test/...``.

    Each training is an experiment of its own, unless the caller gives a client, with the training
    arguments and the model's configuration (``model....``) as hyperparameters. An evaluation after it
    goes on with the experiment. Of several processes the first alone logs. The trainer
    does not tell callbacks of an exception: then the experiment ends with the process.

    Examples:
        >>> trainer = Trainer(model, arguments, train_dataset=data, callbacks=[ToraCallback("my experiment")])
    """

    def __init__(
        self, name: str | None = None, *, client: Tora | None = None, **options: Unpack[ExperimentOptions]
    ) -> None:
        """Keep what is given; the experiment is created when training begins, and ends with it.

        Args:
            name: The experiment's name; by itself the ``run_name`` of the training arguments, or the
                last part of their ``output_dir``.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.
        """
        super().__init__()
        self._recorder = Recorder(name, client, options, default_name="transformers")
        self._is_training = False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **kwargs: Any
    ) -> None:
        """Create the experiment."""
        del control, kwargs
        if state.is_world_process_zero:
            self._is_training = True
            self._recorder.end(RuntimeError("the training before did not end"))
            self._begin(args, state, model)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Log what the trainer logs; without a training before, the experiment is created for it."""
        del control, kwargs
        if not state.is_world_process_zero:
            return
        self._recorder.resume()
        if not self._recorder.is_open:
            self._begin(args, state, model)
        self._recorder.log({_grouped(name): value for name, value in (logs or {}).items()}, state.global_step)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """End the experiment where no training goes on."""
        del args, control, kwargs
        if state.is_world_process_zero and not self._is_training:
            self._recorder.end()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """End the experiment."""
        del args, state, control, kwargs
        self._is_training = False
        self._recorder.end()

    def _begin(self, args: TrainingArguments, state: TrainerState, model: Any) -> None:
        name = state.trial_name or args.run_name or Path(args.output_dir or "").name or None
        arguments = args.to_dict()  # type: ignore[no-untyped-call]
        self._recorder.begin(name, {**_known(arguments), "model": _known(_described(model))})


def _grouped(name: str) -> str:
    for group in ("eval", "test"):
        if name.startswith(f"{group}_"):
            return f"{group}/{name.removeprefix(f'{group}_')}"
    return f"train/{name}"


def _described(model: Any) -> dict[str, Any]:
    if model is None:
        return {}
    found = {"class": type(model).__name__}
    config = getattr(model, "config", None)
    if config is not None and hasattr(config, "to_dict"):
        found |= config.to_dict()
    if hasattr(model, "num_parameters"):
        found["parameters"] = model.num_parameters()
    return found


def _known(found: Mapping[Any, Any]) -> dict[Any, Any]:
    """Leave out what is not set: of the hundred arguments of a training most are not."""
    return {name: value for name, value in found.items() if value is not None}

"""Optuna: each trial of a study as a point of one experiment, or as an experiment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from tora import Tora
from tora.errors import ToraError, ToraValidationError
from tora.integrations import _values
from tora.integrations._client import ExperimentOptions, Recorder
from tora.integrations._closing import Closing

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["ToraCallback"]


class ToraCallback(Closing):
    """A callback of ``study.optimize``.

    By itself the study is one experiment. At the step of a trial's number it has ``value``, or one metric
    for each objective (``value/0``, or the names of ``study.set_metric_names``), whose metadata
    are the trial's state and parameters. With ``per_trial`` each trial becomes an experiment with its
    parameters as hyperparameters and its intermediate values at their steps (``intermediate_value``); a
    pruned trial is stopped, a failed one failed.

    Examples:
        >>> with ToraCallback("search") as report:
        ...     study.optimize(objective, n_trials=100, callbacks=[report])
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        per_trial: bool = False,
        client: Tora | None = None,
        **options: Unpack[ExperimentOptions],
    ) -> None:
        """Create the study's experiment, or take the caller's client.

        Args:
            name: The experiment's name, ``optuna`` by itself; with ``per_trial`` the trial's number follows.
            per_trial: Whether each trial is an experiment of its own, made when the trial has ended.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.

        Raises:
            ToraError: The experiment cannot be created; as `Tora.create_experiment`.
            ToraValidationError: There are both ``per_trial`` and a client.
        """
        if per_trial and client is not None:
            raise ToraValidationError(
                "give either client=, for one experiment, or per_trial=True, which creates many; got both"
            )
        self._per_trial = per_trial
        self._name = name or "optuna"
        self._options = options
        self._recorder = Recorder(name, client, options, default_name="optuna")
        if not per_trial:
            # At once: later it would cost the first trial.
            self._recorder.begin()

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Log a trial that has ended."""
        if self._per_trial:
            self._log_own(study, trial)
        else:
            metadata = {"state": trial.state.name, "params": _values.hyperparams(trial.params)}
            self._recorder.log(_values_of(study, trial), trial.number, metadata)

    def _log_own(self, study: Study, trial: FrozenTrial) -> None:
        run = f"{self._name}/{trial.number}"
        recorder = Recorder(run, None, self._options, default_name=run, announce=False)
        try:
            recorder.begin(hyperparams=trial.params)
        except ToraError as exc:
            self._recorder.warn("trials", f"trial {trial.number} gets no experiment, and perhaps others do not: {exc}")
            return
        for step, value in sorted(trial.intermediate_values.items()):
            recorder.log({"intermediate_value": value}, step)
        recorder.log(_values_of(study, trial), max(trial.intermediate_values, default=None))
        recorder.end(_outcome(trial))


def _values_of(study: Study, trial: FrozenTrial) -> dict[str, float]:
    """Return a trial's values by their names; nothing of a trial that has none."""
    if trial.values is None:
        return {}
    if study.metric_names is not None:
        return dict(zip(study.metric_names, trial.values, strict=True))
    if len(trial.values) == 1:
        return {"value": trial.values[0]}
    return {f"value/{place}": value for place, value in enumerate(trial.values)}


def _outcome(trial: FrozenTrial) -> BaseException | None:
    """Return what an experiment is ended with, so that its status says how the trial ended."""
    if trial.state.name == "PRUNED":
        return KeyboardInterrupt("the trial was pruned")  # what stops a run, as against what breaks it
    return RuntimeError("the trial failed") if trial.state.name == "FAIL" else None

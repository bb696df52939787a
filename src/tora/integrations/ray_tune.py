"""Ray Tune: a callback of the tuner; each trial is an experiment of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Unpack

from tora.errors import ToraError
from tora.integrations._client import ExperimentOptions, Recorder

try:
    from ray.tune.logger import LoggerCallback
    from ray.tune.utils import flatten_dict
except ImportError as missing:
    missing.add_note("tora.integrations.ray_tune needs Ray Tune: pip install 'ray[tune]'")
    raise

if TYPE_CHECKING:
    from ray.tune.experiment import Trial

__all__ = ["ToraLoggerCallback"]

LONGEST_TAG: Final = 50
ITERATION: Final = "training_iteration"
# Ray's own notes, which measure nothing, and the parameters, which are hyperparameters.
NOTES: Final = {ITERATION, "config", "done", "pid", "should_checkpoint", "timestamp"}


class ToraLoggerCallback(LoggerCallback):
    """Log each trial of a tuner as an experiment of its own.

    It is named after the trial, tagged with the name of Ray's experiment, and has the trial's parameters
    as hyperparameters. All numbers of a result are logged at its ``training_iteration``, those
    of nested ones with slashes in their names. It ends with the trial, finished or failed; a tuner that
    is restored goes on with the experiments that it had.

    All happens in the tuner's process: the trials need neither Tora nor its settings. Where an experiment
    cannot be created there is a warning, and tuning goes on.

    Examples:
        >>> Tuner(train, run_config=RunConfig(callbacks=[ToraLoggerCallback()])).fit()
    """

    def __init__(self, name: str | None = None, **options: Unpack[ExperimentOptions]) -> None:
        """Keep what is given.

        Args:
            name: What the experiments' names begin with, before a slash and the trial's name.
            options: Further arguments of `Tora.create_experiment`, for each of the experiments. Ray writes
                callbacks to its disk, so a key is left out there: a restored tuner takes ``TORA_API_KEY``.
        """
        super().__init__()
        self._name = name
        self._options = options
        self._experiments: dict[str, str] = {}  # ids, by the trials'
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._recorders: dict[str, Recorder] = {}
        self._ends: list[threading.Thread] = []
        self._warner = self._recorder(None)  # and wrong arguments are told at once

    def _recorder(self, trial: Trial | None) -> Recorder:
        options = self._options.copy()
        last = None
        if trial is not None:
            options["tags"] = [*(options.get("tags") or ()), trial.experiment_dir_name[:LONGEST_TAG]]
            last = self._experiments.get(trial.trial_id)
        return Recorder(None, None, options, default_name="ray-tune", last=last, announce=False)

    def log_trial_start(self, trial: Trial) -> None:
        """Create the trial's experiment; a trial that starts again, perhaps with other parameters, goes on."""
        recorder = self._recorders.get(trial.trial_id) or self._recorder(trial)
        name = str(trial) if self._name is None else f"{self._name}/{trial}"
        try:
            recorder.resume()
            client = recorder.begin(name, trial.config)
        except ToraError as exc:
            self._warner.warn("trials", f"trial {trial} gets no experiment, and perhaps others do not: {exc}")
            return
        self._recorders[trial.trial_id] = recorder
        self._experiments[trial.trial_id] = client.experiment_id

    def log_trial_result(self, iteration: int, trial: Trial, result: Mapping[str, Any]) -> None:
        """Log what the trial reported."""
        del iteration  # of the tuner's loop
        recorder = self._recorders.get(trial.trial_id)
        if recorder is not None:
            recorder.log(_numbers(result), result.get(ITERATION))

    def log_trial_end(self, trial: Trial, failed: bool = False) -> None:  # noqa: FBT001, FBT002  # Ray's signature
        """End the trial's experiment while the tuner goes on, whatever the server does."""
        recorder = self._recorders.pop(trial.trial_id, None)
        if recorder is not None:
            error = RuntimeError(f"trial {trial} failed") if failed else None
            end = threading.Thread(target=recorder.end, args=(error,), name=f"tora-{trial.trial_id}")
            self._ends.append(end)
            end.start()

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """Wait until all experiments have ended; those of trials that were not brought to an end are stopped."""
        del trials, info
        for recorder in self._recorders.values():
            recorder.end(KeyboardInterrupt("the tuner ended before the trial"))
        for end in self._ends:
            end.join()
        self._begin_anew()

    def get_state(self) -> dict[str, Any]:
        """Return which experiment each trial has, for a tuner that is restored."""
        return {"experiments": dict(self._experiments)}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on with the experiments of the tuner that is restored."""
        self._experiments = dict(state["experiments"])

    def __getstate__(self) -> dict[str, Any]:
        """Return what Ray writes to its disk: no user's key is among it."""
        options = {name: value for name, value in self._options.items() if name != "api_key"}
        return {"_name": self._name, "_options": options, "_experiments": dict(self._experiments)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Begin anew with what was written."""
        self.__dict__.update(state)
        self._begin_anew()


def _numbers(result: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in result.items() if name not in NOTES}
    # Dates, names and what was not reported are no numbers either, and nobody misses them.
    return {name: value for name, value in flatten_dict(kept).items() if not isinstance(value, (str, type(None)))}

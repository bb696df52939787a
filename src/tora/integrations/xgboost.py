"""XGBoost: a callback of `xgboost.train`, `xgboost.cv` and the estimators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Unpack

from tora import Tora
from tora.integrations._client import ExperimentOptions, Recorder

try:
    from xgboost import collective
    from xgboost.callback import TrainingCallback
except ImportError as exc:
    exc.add_note("tora.integrations.xgboost needs XGBoost: pip install xgboost")
    raise

__all__ = ["ToraCallback"]

History = Mapping[str, Mapping[str, Sequence[Any]]]
"""The scores of all rounds so far, by data set and metric; of `xgboost.cv` pairs of mean and deviation."""

_CV_ENDS: Final = ("mean", "std")  # as xgboost.cv calls them in what it returns


class ToraCallback(TrainingCallback):
    """Log each evaluation of a training as ``data/metric``, at the round's number.

    Of `xgboost.cv` it logs ``data/metric-mean`` and ``data/metric-std``. Each training is an experiment of its
    own, unless the caller gives a client. Of a distributed training the first worker alone logs.

    Examples:
        >>> xgboost.train(params, data, evals=[(data, "train")], callbacks=[ToraCallback("trees", hyperparams=params)])
    """

    def __init__(
        self, name: str | None = None, *, client: Tora | None = None, **options: Unpack[ExperimentOptions]
    ) -> None:
        """Keep what is given; the experiment is created when training begins, and ends with it.

        Args:
            name: The experiment's name, ``xgboost`` by itself.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`. XGBoost does not tell a callback the
                parameters: give them as ``hyperparams``.
        """
        super().__init__()
        self._recorder = Recorder(name, client, options, default_name="xgboost")
        self._history: History = {}
        self._round = 0
        self._logged = 0

    def before_training(self, model: Any) -> Any:
        """Create the experiment."""
        if _is_first_worker():
            self._recorder.end(RuntimeError("the training before did not end"))
            self._recorder.begin()
        self._history, self._logged = {}, 0
        return model

    def before_iteration(self, model: Any, epoch: int, evals_log: History) -> bool:
        """Note the round that begins."""
        del model
        self._history, self._round = evals_log, epoch
        return False

    def after_iteration(self, model: Any, epoch: int, evals_log: History) -> bool:
        """Log the round's evaluations; training goes on."""
        del model, epoch, evals_log
        self._log_round()
        return False

    def after_training(self, model: Any) -> Any:
        """Log the last round, if nothing was told of it, and end the experiment."""
        # Where a callback before this one stops the training, XGBoost leaves this one out of that round.
        self._log_round()
        if _is_first_worker():
            self._recorder.end()
        return model

    def _log_round(self) -> None:
        done = max((len(scores) for metrics in self._history.values() for scores in metrics.values()), default=0)
        if done > self._logged and _is_first_worker():
            self._logged = done
            self._recorder.log(dict(_last(self._history)), self._round)


def _last(history: History) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for data, metrics in history.items():
        for metric, scores in metrics.items():
            if isinstance(scores[-1], tuple):
                ends = zip(_CV_ENDS, scores[-1], strict=True)
                found.extend((f"{data}/{metric}-{end}", figure) for end, figure in ends)
            else:
                found.append((f"{data}/{metric}", scores[-1]))
    return found


def _is_first_worker() -> bool:
    return bool(collective.get_rank() == 0)

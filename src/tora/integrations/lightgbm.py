"""LightGBM: a callback of `lightgbm.train`, `lightgbm.cv` and the estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from tora import Tora
from tora.integrations._client import ExperimentOptions, Recorder
from tora.integrations._closing import Closing

if TYPE_CHECKING:
    from lightgbm.callback import CallbackEnv

__all__ = ["ToraCallback"]

# Behind LightGBM's own recording (20), before early stopping (30), which ends the round for those after it.
ORDER: Final = 25


class ToraCallback(Closing):
    """Log each evaluation of a training as ``data/metric``, at the iteration's number.

    Of `lightgbm.cv` it logs ``data/metric-mean`` and ``data/metric-stdv``. Each training is an experiment of its own
    with LightGBM's parameters as hyperparameters, unless the caller gives a client. It ends with the last
    iteration. LightGBM does not tell callbacks of early stopping: then it ends with the next training, `close`,
    the ``with`` block or the process.

    Examples:
        >>> with ToraCallback("trees") as report:
        ...     lightgbm.train(params, data, valid_sets=[valid], callbacks=[report, lightgbm.early_stopping(10)])
    """

    before_iteration: Final = False

    def __init__(
        self, name: str | None = None, *, client: Tora | None = None, **options: Unpack[ExperimentOptions]
    ) -> None:
        """Keep what is given; the experiment is created with the first iteration.

        Args:
            name: The experiment's name, ``lightgbm`` by itself.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.
        """
        self.order = ORDER  # LightGBM looks for it in the instance
        self._recorder = Recorder(name, client, options, default_name="lightgbm")

    def __call__(self, env: CallbackEnv) -> None:
        """Log an iteration."""
        if env.iteration == env.begin_iteration:
            self._recorder.end()
            self._recorder.begin(hyperparams=env.params)
        metrics: dict[str, object] = {}
        for data, metric, value, _, *deviation in env.evaluation_result_list or ():
            if deviation:
                metrics[f"{data}/{metric}-mean"], metrics[f"{data}/{metric}-stdv"] = value, deviation[0]
            else:
                metrics[f"{data}/{metric}"] = value
        self._recorder.log(metrics, env.iteration)
        if env.iteration == env.end_iteration - 1:
            self._recorder.end()

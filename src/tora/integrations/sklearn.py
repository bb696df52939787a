"""scikit-learn: what a fitted estimator or search has found, and a callback while it is fitted.

Of most estimators scikit-learn tells nothing before `fit` returns: `log_results` logs what they keep.
Those that take callbacks (scikit-learn 1.9 and later) can be watched by `ToraCallback`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Unpack

from attrs import define

from tora import Tora
from tora.integrations import _values
from tora.integrations._client import ExperimentOptions, Recorder

__all__ = ["ToraCallback", "log_results"]

CURVES: Final = (
    "loss_curve_",
    "oob_improvement_",
    "oob_scores_",
    "train_score_",
    "validation_score_",
    "validation_scores_",
)
"""The attributes in which estimators keep one figure for each iteration."""


def log_results(
    estimator: Any, name: str | None = None, *, client: Tora | None = None, **options: Unpack[ExperimentOptions]
) -> None:
    """Log what a fitted estimator keeps: the results of a search, and figures of each iteration.

    Of a search (`GridSearchCV` and its kin) each numeric column of ``cv_results_`` becomes a metric, with the
    number of the candidate as step and its parameters as metadata. Of an estimator the curves are logged that
    it has: ``loss_curve``, ``train_score``, ``validation_score``, ``validation_scores``, ``oob_improvement``,
    ``oob_scores``, from step 0 on.

    Args:
        estimator: It is fitted.
        name: The experiment's name, the estimator's class by itself.
        client: A client to log with, in place of an experiment of its own; its maker ends it.
        options: Further arguments of `Tora.create_experiment`; the estimator's parameters are
            hyperparameters by themselves.

    Raises:
        ToraError: The experiment cannot be created; as `Tora.create_experiment`.
    """
    recorder = _begun(estimator, Recorder(name, client, options, default_name="scikit-learn"))
    _log(estimator, recorder)
    recorder.end()


class ToraCallback:
    """A callback of scikit-learn's estimators, given by ``estimator.set_callbacks(...)``.

    Each fit is an experiment of its own, unless the caller gives a client, with the estimator's
    parameters as hyperparameters. With ``scoring`` the scores on the training data are logged after each iteration that
    can be scored, as `sklearn.callback.ScoringMonitor` computes them; at the end, what
    `log_results` logs.

    Examples:
        >>> search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1, 10]})
        >>> search.set_callbacks(ToraCallback("search")).fit(X, y)
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        scoring: Any = None,
        client: Tora | None = None,
        **options: Unpack[ExperimentOptions],
    ) -> None:
        """Keep what is given; the experiment is created when a fit begins, and ends with it.

        Args:
            name: The experiment's name, the estimator's class by itself.
            scoring: A name such as ``"accuracy"``, several, scorers by name, or one scorer, whose name is ``score``;
                None scores nothing.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.
        """
        self._name = name
        self._scoring = [scoring] if isinstance(scoring, str) else scoring
        self._client = client
        self._options = options
        # One for each fit that is under way: a search may fit several clones at once.
        self._fits: dict[Any, _Fit] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Create the experiment of a fit."""
        recorder = Recorder(self._name, self._client, self._options, default_name="scikit-learn")
        self._fits[estimator] = _Fit(_begun(estimator, recorder), context, self._scorer(estimator))

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing; scikit-learn asks for it."""

    def on_fit_task_end(
        self,
        estimator: Any,
        context: Any,
        *,
        X: Any,  # noqa: N803  # scikit-learn's name
        y: Any,
        metadata: Any,
        fitted_estimator: Any,
    ) -> None:
        """Log the scores of an iteration, or note that the fit is complete."""
        fit = self._fits.get(estimator)
        if fit is None:
            return
        fit.is_complete = fit.is_complete or context is fit.context
        if context is fit.context or fit.scorer is None or any(given is None for given in (fitted_estimator, X, y)):
            return
        fit.recorder.log(fit.scorer(fitted_estimator, X, y, **(metadata or {})), context.task_id)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Log what the fit has led to, and end its experiment."""
        del context
        fit = self._fits.pop(estimator, None)
        if fit is None:
            return
        if fit.is_complete:
            _log(estimator, fit.recorder)
            fit.recorder.end()
        else:
            fit.recorder.end(sys.exc_info()[1] or RuntimeError("fit() did not return"))

    def __getstate__(self) -> dict[str, Any]:
        """Return what goes to another process: what was given, and none of the fits that are under way here."""
        return {**self.__dict__, "_fits": {}}

    def _scorer(self, estimator: Any) -> Callable[..., Mapping[str, object]] | None:
        if self._scoring is None:
            return None
        from sklearn.metrics import check_scoring

        several = {"score": self._scoring} if callable(self._scoring) else self._scoring
        # A score that fails becomes text, which is left out with a warning, and the fit goes on.
        scorer: Callable[..., Mapping[str, object]] = check_scoring(estimator, several, raise_exc=False)
        return scorer


@define
class _Fit:
    """A fit that is under way: where it is logged, its outermost task, and whether that has ended."""

    recorder: Recorder
    context: Any
    scorer: Callable[..., Mapping[str, object]] | None
    is_complete: bool = False


def _begun(estimator: Any, recorder: Recorder) -> Recorder:
    recorder.begin(type(estimator).__name__, estimator.get_params())
    return recorder


def _log(estimator: Any, recorder: Recorder) -> None:
    for step, (metrics, params) in enumerate(_candidates(getattr(estimator, "cv_results_", None) or {})):
        recorder.log(metrics, step, {"params": _values.hyperparams(params)})
    for attribute in CURVES:
        curve = getattr(estimator, attribute, None)
        for step, value in enumerate(() if curve is None else curve):
            recorder.log({attribute.removesuffix("_"): value}, step)


def _candidates(results: Mapping[str, Any]) -> Iterator[tuple[dict[str, object], Mapping[str, object]]]:
    """Yield each candidate's figures by name, and its parameters."""
    columns = {name: column for name, column in results.items() if not name.startswith("param")}
    for place, params in enumerate(results.get("params", ())):
        yield {name: column[place] for name, column in columns.items()}, params

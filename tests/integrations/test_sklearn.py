"""scikit-learn: results after a fit, and its callbacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.callback import ScoringMonitor
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from tests.integrations.found import Found, experiment, experiments
from tests.support.serving import Server
from tora import Tora
from tora.integrations.sklearn import ToraCallback, log_results


@pytest.fixture(scope="module")
def data() -> tuple[Any, Any]:
    """Two noisy clouds."""
    generator = np.random.default_rng(1)
    x = np.concatenate([generator.normal(0, 1, (40, 2)), generator.normal(1.5, 1, (40, 2))])
    return x, np.repeat([0, 1], 40)


def _check_search(found: Found, search: Any) -> None:
    results = search.cv_results_
    columns = {name for name in results if not name.startswith("param")}
    assert {"mean_test_score", "rank_test_score", "split0_test_score"} <= columns
    assert found.points == {name: [(place, float(v)) for place, v in enumerate(results[name])] for name in columns}
    assert found.metadata["mean_test_score"] == [{"params": params} for params in results["params"]]
    assert found.status == "finished"


def test_results_of_a_search_are_logged(server: Server, data: Any) -> None:
    """Each column of `cv_results_` is a metric, each candidate a step."""
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0, 100.0]}, cv=3).fit(*data)
    log_results(search, "search results", server_url=server.url)
    found = experiment(server, "search results")
    _check_search(found, search)
    assert found.hyperparams["cv"] == 3


def test_curves_of_fitted_estimators_are_logged(server: Server, data: Any) -> None:
    """What an estimator keeps of each iteration is a metric, to the caller's client if there is one."""
    net = MLPClassifier((4,), max_iter=5, early_stopping=True, n_iter_no_change=9, random_state=1, tol=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        net.fit(*data)
    trees = GradientBoostingClassifier(n_estimators=4, subsample=0.5, random_state=1).fit(*data)
    with Tora.create_experiment("curves", server_url=server.url) as client:
        log_results(net, client=client)
        log_results(trees, client=client)
    expected = {
        "loss_curve": net.loss_curve_,
        "validation_scores": net.validation_scores_,
        "train_score": trees.train_score_,
        "oob_scores": trees.oob_scores_,
        "oob_improvement": trees.oob_improvement_,
    }
    assert experiment(server, "curves").points == {
        name: [(place, float(value)) for place, value in enumerate(curve)] for name, curve in expected.items()
    }


def test_a_fit_is_watched(server: Server, data: Any) -> None:
    """Scores of each iteration are those of scikit-learn's own `ScoringMonitor`; each fit is an experiment."""
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    ours = ToraCallback(scoring=["accuracy", "neg_log_loss"], server_url=server.url, tags=["watched"])
    model = LogisticRegression(C=10.0).set_callbacks(monitor, ours)
    for _ in range(2):
        model.fit(*data)

    rows = [row for row in monitor.get_logs().data if len(row["task_id_path"]) == 2]
    assert len(rows) >= 4
    both = [found for found in experiments(server, "LogisticRegression") if found.tags == ["watched"]]
    assert len(both) == 2
    for found in both:
        assert (found.status, found.hyperparams["C"]) == ("finished", 10.0)
        for name in ("accuracy", "neg_log_loss"):
            assert found.points[name] == [(row["task_id"], row[name]) for row in rows]


def test_a_search_is_watched(server: Server, data: Any) -> None:
    """A callback of a search logs its results when the fit is done."""
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)
    search.set_callbacks(ToraCallback("watched search", server_url=server.url)).fit(*data)
    _check_search(experiment(server, "watched search"), search)


def test_a_fit_that_breaks_is_failed(server: Server, data: Any, caplog: pytest.LogCaptureFixture) -> None:
    """An error out of `fit` shows as the status; a score that fails is left out and the fit goes on."""
    search = GridSearchCV(LogisticRegression(), {"nothing": [1]})
    with pytest.raises(ValueError, match="nothing"):
        search.set_callbacks(ToraCallback("broken fit", server_url=server.url)).fit(*data)
    assert experiment(server, "broken fit").status == "failed"

    def broken(*_: Any) -> float:
        raise ArithmeticError

    report = ToraCallback("broken score", scoring={"bad": broken, "good": "accuracy"}, server_url=server.url)
    LogisticRegression().set_callbacks(report).fit(*data)
    found = experiment(server, "broken score")
    assert found.status == "finished"
    assert found.points.keys() == {"good"}
    assert len(caplog.messages) == 1

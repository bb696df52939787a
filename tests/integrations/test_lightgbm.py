"""LightGBM's callback, beside what LightGBM itself records."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from tests.integrations.found import experiment, experiments
from tests.support.serving import Server
from tora import Tora
from tora.integrations.lightgbm import ToraCallback

PARAMS = {"objective": "regression", "metric": ["l2", "l1"], "num_leaves": 4, "num_threads": 1, "verbose": -1}


@pytest.fixture
def parts() -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    """A noisy line, to train and to check."""
    generator = np.random.default_rng(1)
    x = generator.normal(size=(200, 3))
    y = x[:, 0] + generator.normal(scale=2.0, size=200)
    train = lightgbm.Dataset(x[:100], y[:100], free_raw_data=False)
    return train, lightgbm.Dataset(x[100:], y[100:], reference=train)


def _points(results: Any) -> dict[str, list[tuple[int, float]]]:
    return {
        f"{data}/{metric}": list(enumerate(scores))
        for data, metrics in results.items()
        for metric, scores in metrics.items()
    }


def test_a_training_logs_its_evaluations(server: Server, parts: Any) -> None:
    """What `record_evaluation` has is logged, early stopping included, with the parameters as hyperparameters."""
    results: dict[str, Any] = {}
    with ToraCallback("leaves", server_url=server.url) as report:
        booster = lightgbm.train(
            PARAMS,
            parts[0],
            num_boost_round=60,
            valid_sets=list(parts),
            valid_names=["train", "check"],
            callbacks=[lightgbm.early_stopping(2, verbose=False), lightgbm.record_evaluation(results), report],
        )
    found = experiment(server, "leaves")
    assert found.status == "finished"
    assert {key: found.hyperparams[key] for key in ("objective", "num_leaves")} == {
        "objective": "regression",
        "num_leaves": 4,
    }
    assert 0 < booster.best_iteration < len(results["check"]["l2"]) < 60
    assert found.points == _points(results)


def test_cross_validation_logs_means_and_deviations(server: Server, parts: Any) -> None:
    """`lightgbm.cv` gives the figures that it returns, and ends the experiment with the last iteration."""
    report = ToraCallback("lgb folds", server_url=server.url)
    returned: Any = lightgbm.cv(PARAMS, parts[0], num_boost_round=4, nfold=3, stratified=False, callbacks=[report])
    found = experiment(server, "lgb folds")
    assert found.status == "finished"
    assert found.points == {name.replace(" ", "/", 1): list(enumerate(column)) for name, column in returned.items()}
    assert "valid/l1-stdv" in found.points


def test_each_fit_is_an_experiment(server: Server) -> None:
    """A callback can be used again; with a caller's client all goes to that one's experiment."""
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(60, 2)), generator.normal(size=60)
    model = lightgbm.LGBMRegressor(n_estimators=2, n_jobs=1, verbose=-1)
    report = ToraCallback("lgb again", server_url=server.url)
    for _ in range(2):
        model.fit(x, y, eval_X=x, eval_y=y, callbacks=[report])
    assert [found.points for found in experiments(server, "lgb again")] == [_points(model.evals_result_)] * 2

    with Tora.create_experiment("lgb given", server_url=server.url) as client:
        model.fit(x, y, eval_X=x, eval_y=y, callbacks=[ToraCallback(client=client)])
        assert not client.is_closed
    assert experiment(server, "lgb given").points == _points(model.evals_result_)

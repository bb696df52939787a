"""XGBoost's callback, beside what XGBoost itself returns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xgboost
from xgboost.callback import EarlyStopping

from tests.integrations.found import Found, experiment, experiments
from tests.support.serving import Server
from tora import Tora
from tora.integrations.xgboost import ToraCallback

PARAMS = {"objective": "reg:squarederror", "eval_metric": ["rmse", "mae"], "max_depth": 2, "nthread": 1, "eta": 0.5}


@pytest.fixture(scope="module")
def parts() -> tuple[xgboost.DMatrix, xgboost.DMatrix]:
    """A noisy line, to train and to check."""
    generator = np.random.default_rng(1)
    x = generator.normal(size=(120, 3))
    y = x[:, 0] + generator.normal(scale=2.0, size=120)
    return xgboost.DMatrix(x[:60], y[:60]), xgboost.DMatrix(x[60:], y[60:])


def _points(results: Any) -> dict[str, list[tuple[int, float]]]:
    return {
        f"{data}/{metric}": list(enumerate(scores))
        for data, metrics in results.items()
        for metric, scores in metrics.items()
    }


def _names(found: Found) -> set[str]:
    return {*found.points}


@pytest.mark.parametrize("stopper", ["before", "after"])
def test_a_training_logs_its_evaluations(server: Server, parts: Any, stopper: str) -> None:
    """What `evals_result` has is logged to the last round, wherever the callback stands that stops the training."""
    results: dict[str, Any] = {}
    report = ToraCallback(f"trees {stopper}", server_url=server.url, hyperparams=PARAMS)
    early = EarlyStopping(rounds=2, data_name="check", metric_name="rmse")
    xgboost.train(
        PARAMS,
        parts[0],
        num_boost_round=40,
        evals=[(parts[0], "train"), (parts[1], "check")],
        evals_result=results,
        callbacks=[early, report] if stopper == "before" else [report, early],
        verbose_eval=False,
    )
    found = experiment(server, f"trees {stopper}")
    assert found.status == "finished"
    assert found.hyperparams == PARAMS
    assert 2 < len(results["check"]["rmse"]) < 40
    assert found.points == _points(results)


def test_cross_validation_logs_means_and_deviations(server: Server, parts: Any) -> None:
    """`xgboost.cv` gives the figures that it returns."""
    report = ToraCallback("folds", server_url=server.url)
    returned: Any = xgboost.cv(PARAMS, parts[0], num_boost_round=4, nfold=3, callbacks=[report], as_pandas=False)
    found = experiment(server, "folds")
    expected = {name.replace("-", "/", 1): list(enumerate(column)) for name, column in returned.items()}
    assert found.points == expected
    assert {"train/rmse-mean", "test/mae-std"} <= _names(found)


def test_each_fit_is_an_experiment(server: Server) -> None:
    """A callback of an estimator can be used again; with a caller's client all goes to that one's experiment."""
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    model = xgboost.XGBRegressor(n_estimators=2, n_jobs=1, callbacks=[ToraCallback("xgb again", server_url=server.url)])
    for _ in range(2):
        model.fit(x, y, eval_set=[(x, y)], verbose=False)
    assert [found.points for found in experiments(server, "xgb again")] == [_points(model.evals_result())] * 2

    with Tora.create_experiment("given", server_url=server.url) as client:
        model.set_params(callbacks=[ToraCallback(client=client)])
        model.fit(x, y, eval_set=[(x, y)], verbose=False)
        assert not client.is_closed
    assert experiment(server, "given").points == _points(model.evals_result())

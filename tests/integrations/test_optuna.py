"""Optuna's callback, beside what the study keeps."""

from __future__ import annotations

from collections.abc import Iterator

import optuna
import pytest

from tests.integrations.found import experiment, experiments
from tests.support.serving import Server
from tora import Tora, ToraValidationError
from tora.integrations.optuna import ToraCallback


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Optuna says nothing of each trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def _objective(trial: optuna.Trial) -> float:
    """Approach (x - 2)^2 in three steps; one trial is pruned, one fails."""
    x = trial.suggest_float("x", -5, 5)
    kind = trial.suggest_categorical("kind", ["plain", "noisy"])
    for step in range(3):
        trial.report((x - 2) ** 2 + 3 - step, step)
        if trial.number == 2 and step == 1:
            raise optuna.TrialPruned
    if trial.number == 4:
        raise ArithmeticError(kind)
    return (x - 2) ** 2


def _study() -> optuna.Study:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))


def test_a_study_is_one_experiment(server: Server) -> None:
    """Each trial's value stands at its number, with its parameters and state as metadata."""
    study = _study()
    with ToraCallback("study", server_url=server.url) as report:
        study.optimize(_objective, n_trials=6, callbacks=[report], catch=ArithmeticError)

    found = experiment(server, "study")
    valued = [trial for trial in study.trials if trial.value is not None]
    assert found.status == "finished"
    assert found.points == {"value": [(trial.number, trial.value) for trial in valued]}
    assert found.metadata["value"] == [{"state": trial.state.name, "params": trial.params} for trial in valued]
    assert [trial.number for trial in valued] == [0, 1, 2, 3, 5]


def test_a_trial_can_be_an_experiment(server: Server) -> None:
    """With `per_trial` each has its parameters, its intermediate values and a status that says how it ended."""
    study = _study()
    report = ToraCallback("trial", per_trial=True, server_url=server.url)
    study.optimize(_objective, n_trials=6, callbacks=[report], catch=ArithmeticError)

    found = experiments(server, "trial/")
    assert [each.name for each in found] == [f"trial/{trial.number}" for trial in study.trials]
    assert [each.status for each in found] == ["finished", "finished", "stopped", "finished", "failed", "finished"]
    for each, trial in zip(found, study.trials, strict=True):
        assert each.hyperparams == trial.params
        assert each.points.get("intermediate_value") == sorted(trial.intermediate_values.items())
        last = max(trial.intermediate_values)
        assert each.points.get("value", []) == ([] if trial.value is None else [(last, trial.value)])


def test_several_objectives_and_a_callers_client(server: Server) -> None:
    """Each objective is a metric, by number or by name; the caller's client stays open."""
    with Tora.create_experiment("objectives", server_url=server.url) as client:
        study = optuna.create_study(directions=["minimize", "maximize"])
        study.optimize(lambda trial: (trial.number, -1.0), n_trials=2, callbacks=[ToraCallback(client=client)])
        with pytest.warns(optuna.exceptions.ExperimentalWarning):
            study.set_metric_names(["cost", "gain"])
        study.optimize(lambda trial: (trial.number, 1.0), n_trials=1, callbacks=[ToraCallback(client=client)])
        with pytest.raises(ToraValidationError, match="per_trial"):
            ToraCallback(per_trial=True, client=client)

    assert experiment(server, "objectives").points == {
        "value/0": [(0, 0.0), (1, 1.0)],
        "value/1": [(0, -1.0), (1, -1.0)],
        "cost": [(2, 2.0)],
        "gain": [(2, 1.0)],
    }

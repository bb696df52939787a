"""Ray Tune's callback, beside the progress that Tune itself writes."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import tune

from tests.integrations.ending import forget_processes
from tests.integrations.found import Found, experiments
from tests.support.serving import Server
from tora.integrations.ray_tune import NOTES, ToraLoggerCallback


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Ray with room for one trial at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, configure_logging=False)
        yield
        ray.shutdown()
        forget_processes()


def _recorded(result: Any) -> dict[str, list[tuple[int, float]]]:
    """Return the numbers of a trial's own table; what was not reported is NaN there."""
    table = result.metrics_dataframe
    found: dict[str, list[tuple[int, float]]] = {}
    for row in table.to_dict("records"):
        for name, value in row.items():
            if name in NOTES or name.startswith("config/") or not isinstance(value, (int, float)):
                continue
            if not math.isnan(value):
                found.setdefault(name, []).append((row["training_iteration"], float(value)))
    return found


def _by_lr(found: list[Found]) -> dict[float, Found]:
    return {each.hyperparams["lr"]: each for each in found}


def test_each_trial_is_an_experiment(server: Server, tmp_path: Path, cluster: None) -> None:
    """Results, parameters and ends are those of the trials, and a tuner that is restored goes on with them."""
    mended = tmp_path / "mended"

    def train(config: dict[str, Any]) -> None:
        for step in range(3):
            if config["lr"] == 0.2 and step == 2 and not mended.exists():
                raise ArithmeticError("the trial breaks")
            tune.report({"loss": config["lr"] / (step + 1), "by": {"layer": {"a": step}}, "note": "text"})

    callback = ToraLoggerCallback("tuned", server_url=server.url, api_key="", tags=["grid"])
    run = tune.RunConfig(name="tiny", storage_path=str(tmp_path / "ray"), callbacks=[callback], verbose=0)
    space = {"lr": tune.grid_search([0.1, 0.2]), "model": {"width": 8}}
    results = tune.Tuner(train, param_space=space, run_config=run).fit()
    found = _by_lr(experiments(server, "tuned/"))
    assert {lr: each.status for lr, each in found.items()} == {0.1: "finished", 0.2: "failed"}
    assert len(results) == 2
    for result in (results[number] for number in range(2)):
        assert result.config is not None
        each = found[result.config["lr"]]
        assert each.points == _recorded(result)
        assert [step for step, _ in each.points["by/layer/a"]] == [1, 2, 3][: len(each.points["loss"])]
        assert each.hyperparams == {"lr": result.config["lr"], "model.width": 8}
        assert each.tags == ["grid", "tiny"]

    mended.touch()
    tune.Tuner.restore(str(tmp_path / "ray" / "tiny"), train, resume_errored=True).fit()
    again = _by_lr(experiments(server, "tuned/"))
    assert {lr: (each.id, each.status) for lr, each in again.items()} == {
        lr: (each.id, "finished") for lr, each in found.items()
    }
    assert len(again[0.2].points["loss"]) == 2 + 3


def test_a_pickle_holds_no_key() -> None:
    """What Ray writes to its disk has all arguments but the key."""
    callback = ToraLoggerCallback("kept", api_key="a-secret-key", tags=["a"])
    data = pickle.dumps(callback)
    assert b"a-secret-key" not in data
    again = pickle.loads(data)  # noqa: S301  # made just now
    assert again._options == {"tags": ["a"]}


def test_trouble_does_not_end_the_tuning(caplog: pytest.LogCaptureFixture) -> None:
    """A trial whose experiment cannot be created is tuned without one, and there is one warning."""

    class Trial:
        trial_id = "1"
        config: dict[str, Any] = {}  # noqa: RUF012  # as Ray has it
        experiment_dir_name = "tiny"

    trial: Any = Trial()
    callback = ToraLoggerCallback(server_url="http://127.0.0.1:1")
    callback.log_trial_start(trial)
    callback.log_trial_result(1, trial, {"loss": 1.0, "training_iteration": 1})
    callback.log_trial_end(trial, failed=True)
    callback.on_experiment_end([])
    assert [record.name for record in caplog.records] == ["tora"]

"""Stable-Baselines3's output format, beside another one that keeps what it is given."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import HParam, KVWriter, Logger

from tests.integrations.found import experiment
from tests.support.serving import Server
from tora import Tora
from tora.integrations.stable_baselines3 import ToraOutputFormat


class _Kept(KVWriter):
    """What Stable-Baselines3 gives its output formats."""

    def __init__(self) -> None:
        self.points: dict[str, list[tuple[int, float]]] = {}

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        for name, value in key_values.items():
            if "csv" not in key_excluded[name]:
                self.points.setdefault(name, []).append((step, float(value)))

    def close(self) -> None:
        """Do nothing; Stable-Baselines3 asks for it."""


class _Notes(BaseCallback):
    """Record what TensorBoard's users record at the start: hyperparameters; and something that is not for Tora."""

    def _on_training_start(self) -> None:
        given = HParam({"algorithm": "PPO", "n_steps": 64}, {"rollout/ep_rew_mean": 0.0})
        self.logger.record("hparams", given, exclude=("csv", "stdout"))

    def _on_step(self) -> bool:
        self.logger.record("secret", 1.0, exclude=("tora", "csv"))
        return True


def test_a_training_logs_what_the_framework_records(server: Server) -> None:
    """Names, timesteps and values of a real training are those that Stable-Baselines3 gives its formats."""
    environment = gymnasium.make("CartPole-v1")
    tiny = {"net_arch": [4]}
    model = PPO(
        "MlpPolicy", environment, n_steps=64, batch_size=32, n_epochs=1, seed=1, policy_kwargs=tiny, device="cpu"
    )
    kept = _Kept()
    logger = Logger(None, [kept, ToraOutputFormat("ppo", server_url=server.url)])
    model.set_logger(logger)
    model.learn(256, callback=_Notes())
    logger.close()
    environment.close()

    found = experiment(server, "ppo")
    assert found.status == "finished"
    assert found.hyperparams == {"algorithm": "PPO", "n_steps": 64}
    assert found.points == kept.points
    assert [step for step, _ in found.points["rollout/ep_rew_mean"]] == [64, 128, 192, 256]
    assert {"train/loss", "time/fps"} <= found.points.keys()


def test_values_that_are_no_numbers_are_left_out(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """They are warned of once a name, and the caller's client stays open."""
    with Tora.create_experiment("sb3 values", server_url=server.url) as client:
        logger = Logger(None, [ToraOutputFormat(client=client)])
        for step in range(2):
            logger.record("kind", "text")
            logger.record("reward", 1.5)
            logger.record("hparams", HParam({"lr": 1}, {"reward": 0}))
            logger.dump(step)
        logger.close()
        assert not client.is_closed
    found = experiment(server, "sb3 values")
    assert (found.points, found.hyperparams) == ({"reward": [(0, 1.5), (1, 1.5)]}, {"lr": 1})
    assert len(caplog.messages) == 1

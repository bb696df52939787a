"""Keras' callback, beside Keras' own history."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from tests.integrations.found import experiment, experiments
from tests.support.serving import Server
from tora import Tora
from tora.integrations.keras import ToraCallback

X = np.random.default_rng(1).normal(size=(24, 2)).astype("float32")
Y = X.sum(axis=1)


@pytest.fixture
def model() -> keras.Model:
    """Return a small model that is ready to train."""
    built = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)], name="keras_line")
    built.compile(keras.optimizers.SGD(0.01), loss="mse", metrics=["mae"])
    return built


def _recorded(history: Any) -> dict[str, list[tuple[int, float]]]:
    return {name: list(zip(history.epoch, values, strict=True)) for name, values in history.history.items()}


def test_a_training_logs_its_history(server: Server, model: keras.Model) -> None:
    """Each epoch's values are those of the history, and the batches' at their numbers; then the experiment ends."""
    seen: list[tuple[int, float]] = []
    count = iter(range(1, 100))
    beside = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: seen.append((next(count), float(logs["loss"])))
    )
    report = ToraCallback(every_batches=2, server_url=server.url)
    history = model.fit(
        X, Y, batch_size=8, epochs=5, initial_epoch=2, validation_split=0.25, verbose=0, callbacks=[report, beside]
    )
    found = experiment(server, "keras_line")
    assert found.status == "finished"
    batches = found.points.pop("batch/loss")
    assert len(found.points.pop("batch/mae")) == len(batches) == 4
    assert batches == [point for point in seen if point[0] % 2 == 0]
    assert found.points == _recorded(history)
    assert set(found.points) == {"loss", "mae", "val_loss", "val_mae"}
    assert found.hyperparams == {
        "epochs": 5,
        "steps": 3,
        "loss": "mse",
        "optimizer": "SGD",
        "learning_rate": pytest.approx(0.01),
        "parameters": 13,
    }


def test_each_training_is_an_experiment(server: Server, model: keras.Model) -> None:
    """A callback can be used again; with a caller's client all goes to that one's experiment."""
    report = ToraCallback("keras again", server_url=server.url)
    histories = [model.fit(X, Y, epochs=2, verbose=0, callbacks=[report]) for _ in range(2)]
    with Tora.create_experiment("keras given", server_url=server.url) as client:
        given = model.fit(X, Y, epochs=1, verbose=0, callbacks=[ToraCallback(client=client)])
        assert not client.is_closed
    assert [found.points for found in experiments(server, "keras again")] == [_recorded(each) for each in histories]
    assert experiment(server, "keras given").points == _recorded(given)

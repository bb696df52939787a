"""A service that trains for several requests at once, one experiment a request.

    python examples/async_service.py --port 8080
    curl -X POST localhost:8080/train -d '{"name": "wide", "hidden": 128, "epochs": 10}'

Send a few at the same time: each request answers with the address of its own experiment, and all of
them can be watched while they run. `tora.aio` keeps the current experiment in a context variable, so
`tlog` reaches the experiment of the request that calls it, whatever the others do meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

import numpy as np
from aiohttp import web
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tora.aio

BATCH = 64


class Training:
    """One model in training; its methods are plain work and run in a thread."""

    def __init__(self, hidden: int, seed: int) -> None:
        pixels, labels = load_digits(return_X_y=True)
        split = train_test_split(pixels / 16, labels, test_size=0.25, stratify=labels, random_state=seed)
        self._train_x, self._test_x, self._train_y, self._test_y = split
        self._model = MLPClassifier((hidden,), random_state=seed)
        self._shuffle = np.random.default_rng(seed)

    def epoch(self) -> list[float]:
        """Train on every digit once and return the loss of each batch."""
        losses = []
        order = self._shuffle.permutation(len(self._train_x))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            self._model.partial_fit(self._train_x[batch], self._train_y[batch], classes=np.arange(10))
            losses.append(float(self._model.loss_))
        return losses

    def accuracy(self) -> float:
        """Return the share of test digits that are recognised."""
        return float(self._model.score(self._test_x, self._test_y))


async def train(request: web.Request) -> web.Response:
    """Train as the body says; answer with the experiment and the accuracy that was reached."""
    wanted = await asked(request)
    experiment = await tora.aio.setup(
        wanted["name"], description="Trained on request.", hyperparams=wanted, tags=["example", "service"]
    )
    url = tora.aio.get_experiment_url()
    try:
        training = await asyncio.to_thread(Training, wanted["hidden"], wanted["seed"])
        accuracies = [await one_epoch(training, epoch) for epoch in range(wanted["epochs"])]
    finally:
        await tora.aio.shutdown()
    return web.json_response({"experiment": experiment, "url": url, "accuracies": accuracies})


async def one_epoch(training: Training, epoch: int) -> float:
    """Train for one epoch in a thread, log what came of it, and return the accuracy."""
    losses = await asyncio.to_thread(training.epoch)
    for i, loss in enumerate(losses):
        await tora.aio.tlog("train/loss", loss, epoch * len(losses) + i)
    accuracy = await asyncio.to_thread(training.accuracy)
    await tora.aio.tlog("test/accuracy", accuracy, epoch)
    return accuracy


async def asked(request: web.Request) -> dict[str, Any]:
    """Return what the body asks for, with a default for what it leaves out."""
    wanted = {"name": "on request", "hidden": 64, "epochs": 10, "seed": 0}
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError as exc:
        raise web.HTTPBadRequest(text=f"the body must be JSON: {exc}\n") from exc
    for name, value in (body if isinstance(body, dict) else {"the body": body}).items():
        if not isinstance(value, type(wanted.get(name))) or isinstance(value, bool):
            raise web.HTTPBadRequest(text=f"{name} must be like one of {wanted}, got {value!r}\n")
        wanted[name] = value
    return wanted


async def alive(_: web.Request) -> web.Response:
    """Say how to use the service."""
    return web.Response(text=__doc__)


def service() -> web.Application:
    """Return the application, for a server of your own to run."""
    app = web.Application()
    app.add_routes([web.get("/", alive), web.post("/train", train)])
    return app


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080, help="to listen on, at 127.0.0.1 (default: 8080)")
    web.run_app(service(), host="127.0.0.1", port=parser.parse_args().port)


if __name__ == "__main__":
    main()

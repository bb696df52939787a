"""Experiments as people log them, sent over plain HTTP."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.support import http
from tora.validation import MAX_CONSOLE_CHUNK

Points = Sequence[tuple[int | None, float]]

_AT_ONCE = 5_000

HYPERPARAMS: Mapping[str, Any] = {
    "lr": 0.001,
    "batch_size": 64,
    "optimizer": "adamw",
    "model.width": 512,
    "model.depth": 12,
    "schedule": "cosine",
    "betas": [0.9, 0.999],
    "amp": True,
    "seed": 1,
}

CONTEXT: Mapping[str, Any] = {
    "command": "python train.py --data ~/data/cifar10 --lr 0.001 '--token=***'",
    "script": "~/vision/train.py",
    "directory": "~/vision",
    "git": {
        "commit": "9f2c1e7a5b8d3c4f6e0a1b2c3d4e5f60718293a4",
        "branch": "warm-up",
        "dirty": True,
        "remote": "https://git.example.org/vision.git",
    },
    "python": {"version": "3.12.7", "executable": "~/vision/.venv/bin/python"},
    "platform": "Linux-6.8.0-x86_64-with-glibc2.39",
    "host": "gpu-07",
    "cpus": 32,
    "memoryBytes": 137438953472,
    "gpus": ["NVIDIA H100", "NVIDIA H100"],
    "packages": {"attrs": "25.3.0", "numpy": "2.2.1", "torch": "2.13.0", "tora": "1.0.0"},
    "startedAt": "2026-11-23T18:39:10.692Z",
}

_RUNS = (
    ("resnet18 baseline", ("baseline", "cifar10"), "finished"),
    ("resnet18 cosine, no warm-up", ("cifar10", "sweep-7"), "running"),
    ("vit-tiny warm-up 500", ("cifar10", "vit"), "failed"),
    ("ppo cartpole, seed 1", ("rl", "ppo", "seed-sweep"), "finished"),
    ("ppo cartpole, seed 2", ("rl", "ppo", "seed-sweep"), "stopped"),
    ("gpt-nano on shakespeare", ("language",), "finished"),
    ("digits, two hidden layers", (), "finished"),
    ("a name as long as the command line that somebody put in it --lr 3e-4 --wd 0.01 --amp", ("sweep-7",), "finished"),
)


def create(server_url: str, name: str, **fields: Any) -> str:
    """Create an experiment and return its id; hyperparams are given as a mapping."""
    hyperparams = [{"key": key, "value": value} for key, value in fields.pop("hyperparams", {}).items()]
    body = {"name": name, "hyperparams": hyperparams, **fields}
    found: str = _data(http.request("POST", f"{server_url}/experiments", body))["id"]
    return found


def log(server_url: str, experiment: str, metrics: Mapping[str, Points]) -> None:
    """Log the points of some metrics; a value that is no number is sent by its name."""
    records = [
        {"name": name, "value": value if math.isfinite(value) else str(_named(value)), "step": step}
        for name, points in metrics.items()
        for step, value in points
    ]
    for start in range(0, len(records), _AT_ONCE):
        body = {"logs": records[start : start + _AT_ONCE]}
        _data(http.request("POST", f"{server_url}/experiments/{experiment}/logs/batch", body))


def tell(server_url: str, experiment: str, context: Mapping[str, Any], lines: Iterable[tuple[str, str]]) -> None:
    """Tell what made a run, and what it printed: pairs of a stream and a text."""
    path = f"{server_url}/experiments/{experiment}"
    _data(http.request("PATCH", path, {"context": context}))
    printed = [{"time": 1.75e9 + at, "stream": stream, "text": text} for at, (stream, text) in enumerate(lines)]
    for start in range(0, len(printed), MAX_CONSOLE_CHUNK):
        body = {"writer": "one", "first": start + 1, "lines": printed[start : start + MAX_CONSOLE_CHUNK]}
        _data(http.request("POST", f"{path}/console", body))


def finish(server_url: str, experiment: str, status: str) -> None:
    """Set an experiment's status."""
    _data(http.request("PATCH", f"{server_url}/experiments/{experiment}", {"status": status}))


def training(seed: int, steps: int = 1500) -> dict[str, Points]:
    """Return the metrics of a training run, with noise that the same seed repeats."""
    noise = random.Random(seed)  # noqa: S311 - for looks, not for secrets
    decay = [math.exp(-4 * step / steps) for step in range(steps)]
    loss = [2.2 * left + 0.15 + noise.gauss(0, 0.08) * (left + 0.1) for left in decay]
    epochs = range(0, steps, 25)
    return {
        "train/loss": list(enumerate(loss)),
        "train/accuracy": [(step, 1 - value / 2.7) for step, value in enumerate(loss)],
        "train/grad_norm": [(step, abs(noise.gauss(1 + 4 * left, 0.4))) for step, left in enumerate(decay)],
        "train/lr": [(step, 0.0005 * (1 + math.cos(math.pi * step / steps))) for step in range(steps)],
        "val/loss": [(step, loss[step] + 0.1 + noise.gauss(0, 0.02)) for step in epochs],
        "val/accuracy": [(step, 1 - (loss[step] + 0.12) / 2.7) for step in epochs],
        "system/gpu_memory": [(step, 11.2 + noise.gauss(0, 0.05)) for step in epochs],
        "throughput": [(step, 3100 + noise.gauss(0, 90)) for step in epochs],
    }


def gallery(server_url: str) -> str:
    """Fill a server with what a week of work looks like; return the id of the run that broke and goes on."""
    broken = ""
    for seed, (name, tags, status) in enumerate(reversed(_RUNS)):
        experiment = create(server_url, name, tags=list(tags), hyperparams=HYPERPARAMS, description=_described(status))
        metrics = training(seed)
        if status == "running":
            broken = experiment
            metrics["train/loss"] = _broken_between(metrics["train/loss"], 812, 900)
        log(server_url, experiment, metrics)
        if status != "running":
            finish(server_url, experiment, status)
    return broken


def _broken_between(points: Points, first: int, last: int) -> list[tuple[int | None, float]]:
    return [(step, math.nan if first <= (step or 0) < last else value) for step, value in points]


def _described(status: str) -> str | None:
    return "Cosine schedule without warm-up, against last week's baseline." if status == "running" else None


def _named(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _data(answer: http.Answer) -> Any:
    if answer.status not in {200, 201}:
        raise AssertionError(f"{answer.status} {answer.body[:500]!r}")
    return answer.json()["data"]


def steps(values: Iterable[float], start: int = 0) -> Points:
    """Return values as points at consecutive steps."""
    return list(enumerate(values, start))

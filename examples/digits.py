"""Trains a classifier of handwritten digits and watches it with Tora.

    python examples/digits.py              about fifteen seconds; open the printed address meanwhile
    python examples/digits.py --epochs 5   shorter

The two lines that matter are `tora.setup(...)` and `tora.tlog(...)`. The data are scikit-learn's
bundled digits, so nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tora

BATCH = 16
HIDDEN = (256, 128)
LEARNING_RATE = 1e-4


def main() -> None:
    """Train, log, and say what was logged."""
    options = arguments()
    tora.setup(
        "digits",
        description="Handwritten digits of 8 x 8 pixels: a small network, trained batch by batch.",
        hyperparams={"epochs": options.epochs, "batch": BATCH, "hidden": list(HIDDEN), "lr": LEARNING_RATE},
        tags=["example", "scikit-learn"],
    )
    experiment = tora.get_experiment_id()
    own: dict[str, list[float]] = defaultdict(list)
    for name, value, step in training(options.epochs, options.seed):
        tora.tlog(name, value, step)
        own[name].append(value)
    tora.shutdown()

    lines = [json.dumps({"experiment": experiment, "name": name, **summary(values)}) for name, values in own.items()]
    print("What this script computed, metric by metric:", *lines, sep="\n")
    if options.json:
        options.json.write_text("\n".join(lines) + "\n", encoding="utf-8")


def training(epochs: int, seed: int) -> Iterator[tuple[str, float, int]]:
    """Yield each metric as it comes: the loss of a batch, then the accuracies of its epoch."""
    train_x, test_x, train_y, test_y = digits(seed)
    model = MLPClassifier(HIDDEN, learning_rate_init=LEARNING_RATE, random_state=seed)
    shuffle = np.random.default_rng(seed)
    step = 0
    for epoch in range(epochs):
        order = shuffle.permutation(len(train_x))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            model.partial_fit(train_x[batch], train_y[batch], classes=np.arange(10))
            yield "train/loss", float(model.loss_), step
            step += 1
        yield "train/accuracy", float(model.score(train_x, train_y)), epoch
        yield "test/accuracy", float(model.score(test_x, test_y)), epoch


def digits(seed: int) -> list[NDArray[np.float64]]:
    """Return the digits as pixels from 0 to 1, a quarter of them kept for the test."""
    pixels, labels = load_digits(return_X_y=True)
    split: list[NDArray[np.float64]] = train_test_split(
        pixels / 16, labels, test_size=0.25, stratify=labels, random_state=seed
    )
    return split


def summary(values: list[float]) -> dict[str, float]:
    """Return what the server should say of a metric."""
    return {"count": len(values), "last": values[-1], "min": min(values), "max": max(values)}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40, help="passes over the training digits (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the weights and the order (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was computed to a file, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()

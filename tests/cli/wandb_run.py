"""Log two offline runs with wandb, in a process of its own: `python wandb_run.py FOLDER`."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import wandb

VALUES = (1.5, math.nan, math.inf, -math.inf, -0.0, 0.1, 1e300)
LONG = 1_000


def run(folder: str, name: str, exit_code: int, **more: Any) -> None:
    """Log one run."""
    # Without a console that is captured and machine facts it is a second faster.
    settings = wandb.Settings(mode="offline", silent=True, console="off", x_disable_machine_info=True)
    with wandb.init(project="vision", dir=folder, name=name, settings=settings, **more) as one:
        for step, value in enumerate(VALUES):
            one.log({"loss": value, "nested": {"acc": step / 7}, "flag": step % 2 == 0, "note": "fine", "none": None})
        one.log({"late": 3}, step=50)
        one.log({"image": wandb.Image(np.zeros((2, 2, 3), "uint8")), "weights": wandb.Histogram([1, 2, 3])}, step=51)
        one.config["added"] = [1, 2]
        one.summary["best"] = 0.25
        one.summary["loss"] = 0.125
        one.finish(exit_code)


def long_run(folder: str) -> None:
    """Log a run whose log has many blocks, one record of several among them."""
    settings = wandb.Settings(mode="offline", silent=True, console="off", x_disable_machine_info=True)
    with wandb.init(project="vision", dir=folder, name="long", settings=settings) as one:
        one.log({"words": "w" * 100_000})
        for step in range(1, LONG):
            one.log({"x": step / 7})


if __name__ == "__main__":
    long_run(sys.argv[1])
    run(sys.argv[1], "a run", 0, config={"lr": 0.1, "net": {"depth": 3}}, tags=["a", "größer"], notes="what I saw")
    run(sys.argv[1], "failed", 3)

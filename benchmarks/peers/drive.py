"""Does one piece of work with one peer: ``python -I drive.py ADAPTER TASK COUNT FOLDER``.

It runs inside the peer's environment with the standard library and that peer alone. What was measured is one JSON
object on the last line of standard output; whatever the peer itself prints goes to standard error.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import signal
import sys
import time
from statistics import fmean, median
from typing import Any

RATE = 5_000
NAME = "loss"
LOOK_SECONDS = 60.0


def calls(peer: Any, count: int, folder: str) -> dict[str, Any]:
    """Time each call of `log` on its own."""
    spent = [0] * count
    log, clock = peer.log, time.perf_counter_ns
    peer.init(folder)
    for step in range(count):
        value = step * 0.5
        start = clock()
        log(NAME, value, step)
        spent[step] = clock() - start
    peer.finish()
    return {"p50_us": median(spent) / 1e3, "mean_us": fmean(spent) / 1e3, "max_us": max(spent) / 1e3}


def total(peer: Any, count: int, folder: str) -> dict[str, Any]:
    """Time from the first call until `finish` has returned and everything is stored."""
    log = peer.log
    start = time.perf_counter()
    peer.init(folder)
    begun = time.perf_counter()
    for step in range(count):
        log(NAME, step * 0.5, step)
    logged = time.perf_counter()
    peer.finish()
    finished = end = time.perf_counter()
    # What is stored at the first look was stored when `finish` returned.
    while (stored := peer.count(folder)) < count and end - finished < LOOK_SECONDS:
        time.sleep(0.05)
        end = time.perf_counter()
    return {
        "seconds": end - start,
        "init_seconds": begun - start,
        "log_seconds": logged - begun,
        "finish_seconds": finished - logged,
        "stored": stored,
    }


def die(peer: Any, count: int, folder: str) -> dict[str, Any]:
    """Log at a steady pace and be killed straight after the last call has returned."""
    log = peer.log
    peer.init(folder)
    begin = time.perf_counter()
    for step in range(count):
        while (wait := begin + step / RATE - time.perf_counter()) > 0:
            time.sleep(wait)
        log(NAME, step * 0.5, step)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes no further")


def recover(peer: Any, count: int, folder: str) -> dict[str, Any]:
    """Do what the peer says is to be done after a kill, if anything, and count."""
    del count
    if hasattr(peer, "recover"):
        peer.recover(folder)
    return {"stored": peer.count(folder)}


def version(peer: Any, count: int, folder: str) -> dict[str, Any]:
    """Say which version was imported, and from where."""
    del count, folder
    package = sys.modules[peer.PACKAGE]
    return {"version": importlib.metadata.version(peer.PACKAGE), "file": package.__file__}


TASKS = {"calls": calls, "total": total, "die": die, "recover": recover, "version": version}


def main() -> None:
    """Run the task that the command line names."""
    adapter, task, count, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.append(os.path.dirname(adapter))  # noqa: PTH120  # one adapter may build on another
    spec = importlib.util.spec_from_file_location("adapter", adapter)
    if spec is None or spec.loader is None:
        raise SystemExit(f"no adapter at {adapter}")
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    done = TASKS[task](peer, int(count), folder)
    answers.write(json.dumps(done) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()

"""A training with a forked data loader: four workers and three threads of their parent log at the same time.

It is run as a program, which prints its experiment, and then how many metrics each thread logged and
what became of the parent's. Every metric has a value of its own.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import threading
from collections.abc import Iterator
from typing import Final

import attrs

import tora

__all__ = ["expected", "main"]

WORKERS: Final = 4
THREADS: Final = 3
STEPS: Final = 20  # of a worker
SPAN: Final = 10**9  # between the values of two threads
PATIENCE: Final = 60.0


def expected(runs: int, counts: list[int]) -> Iterator[float]:
    """Yield the value of each metric of a program of so many runs."""
    yield from map(float, range(runs * WORKERS * STEPS))
    for thread, count in enumerate(counts):
        yield from (float((thread + 1) * SPAN + number) for number in range(count))


def _load(first: int) -> None:
    for step in range(STEPS):
        tora.tlog("worker", first + step, step)


def _train(thread: int, counts: list[int], stop: threading.Event) -> None:
    while not stop.is_set():
        tora.tlog("parent", (thread + 1) * SPAN + counts[thread], counts[thread])
        counts[thread] += 1
        if counts[thread] % 500 == 0:
            tora.flush(PATIENCE)


def _run(number: int) -> None:
    context = multiprocessing.get_context("fork")
    firsts = [(number * WORKERS + index) * STEPS for index in range(WORKERS)]
    workers = [context.Process(target=_load, args=(first,), daemon=True) for first in firsts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
        if worker.exitcode != 0:
            sys.exit(f"run {number}: a worker {'hangs' if worker.exitcode is None else f'ended: {worker.exitcode}'}")


def main(runs: int) -> None:
    """Run the training."""
    print(tora.setup("forked loader"), flush=True)
    counts = [0] * THREADS
    stop = threading.Event()
    threads = [threading.Thread(target=_train, args=(thread, counts, stop), daemon=True) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for number in range(runs):
        _run(number)
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps([counts, attrs.asdict(tora.shutdown(PATIENCE))]))


if __name__ == "__main__":
    main(int(sys.argv[1]))

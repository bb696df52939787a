"""What `log` costs while the server answers, while it stands still amid a request, and once it is killed."""

from __future__ import annotations

import logging
import signal
from pathlib import Path

from benchmarks.logging_calls import timed
from benchmarks.row import Row, quantile
from tests.support.serving import Server, serving
from tora import Tora

__all__ = ["measure"]


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return a row for each of the three: the p99.9 of `Tora.log`."""
    rounds, calls = (2, 5_000) if quick else (5, 20_000)
    timings: dict[str, list[int]] = {"alive": [], "stopped": [], "dead": []}
    logging.getLogger("tora").setLevel(logging.ERROR)  # that nobody answers is what is measured here
    for number in range(rounds):
        with serving(folder / f"server-{number}") as server:
            client = Tora.create_experiment("unanswered", server_url=server.url)
            for state in timings:
                _bring(server, state)
                timings[state] += timed(client.log, calls)
            client.shutdown(timeout=0)  # what nobody answers stays in the journal
    logging.getLogger("tora").setLevel(logging.NOTSET)
    return [
        Row.at_most(f"Tora.log, p99.9, server {state}", quantile(found, 0.999) / 1e6, 1.0, "ms")
        for state, found in timings.items()
    ]


def _bring(server: Server, state: str) -> None:
    if state == "stopped":  # a request is under way, or begins soon
        server.process.send_signal(signal.SIGSTOP)
    elif state == "dead":
        server.stop(signal.SIGKILL)

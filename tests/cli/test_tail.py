"""`tora tail`: points as they come, in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import log
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, clean_environment, serving, start

Made = Callable[..., str]


class Tail:
    """A running `tora tail` and what it has said by now."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    def points(self) -> list[tuple[str, float | str]]:
        """Return the points that it printed."""
        lines = (self._folder / "out").read_text("utf-8").splitlines()
        return [(each["name"], each["value"]) for each in map(json.loads, lines)]

    def said(self) -> str:
        """Return what it told people."""
        return (self._folder / "err").read_text("utf-8")

    def ended(self) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(60)


@contextmanager
def tailing(server: Server, experiment: str, folder: Path, *options: str) -> Iterator[Tail]:
    """Follow an experiment for the length of a block."""
    folder.mkdir(exist_ok=True)
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "tora", "tail", experiment, "--json", *options],
            env=clean_environment(
                TORA_SERVER_URL=server.url, TORA_API_KEY=server.key, TORA_DIR=str(folder), PYTHONUNBUFFERED="1"
            ),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    try:
        yield Tail(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(30)


def new(server: Server) -> str:
    """Make an experiment and return its id."""
    answer = http.request("POST", f"{server.url}/experiments", {"name": "followed"}, key=server.key)
    found: str = answer.json()["data"]["id"]
    return found


def feed(server: Server, experiment: str, tail: Tail, name: str) -> None:
    """Log points until the first of them is seen: only from then on is the stream known to be open."""
    step = iter(range(10**6))

    def is_seen() -> bool:
        log(server, experiment, [{"name": name, "value": 0, "step": next(step)}])
        return (name, 0) in tail.points()

    until(is_seen, f"point of {name}", every=0.2)


def end(server: Server, experiment: str) -> None:
    """Say that the run has ended."""
    http.request("PATCH", f"{server.url}/experiments/{experiment}", {"status": "finished"}, key=server.key)


def test_it_follows_chosen_metrics_until_the_run_ends(server: Server, tmp_path: Path) -> None:
    """New points of the metric are printed, others are not, and the end of the run is its own."""
    experiment = new(server)
    with tailing(server, experiment, tmp_path / "t", "--metric", "loss") as tail:
        feed(server, experiment, tail, "loss")
        log(server, experiment, [{"name": name, "value": 0.5, "step": 9} for name in ("other", "loss")])
        log(server, experiment, [{"name": "loss", "value": "NaN", "step": 10}])
        until(lambda: ("loss", "NaN") in tail.points(), "last point")
        end(server, experiment)
        assert tail.ended() == 0
        assert {name for name, _ in tail.points()} == {"loss"}
        assert ("loss", 0.5) in tail.points()
        assert tail.said() == f"{experiment} (followed) was finished.\n"


def test_one_that_has_ended_is_told_at_once(server: Server, tmp_path: Path) -> None:
    """There is nothing to follow, so it says how it ended."""
    experiment = new(server)
    end(server, experiment)
    with tailing(server, experiment, tmp_path / "t") as tail:
        assert tail.ended() == 0
        assert tail.said() == f"{experiment} (followed) was finished.\n"


def test_ctrl_c_ends_it_quietly(server: Server, tmp_path: Path) -> None:
    """It ends with 130 and no trace."""
    experiment = new(server)
    with tailing(server, experiment, tmp_path / "t") as tail:
        feed(server, experiment, tail, "loss")
        tail.process.send_signal(signal.SIGINT)
        assert (tail.ended(), tail.said()) == (130, "")


def test_a_server_that_restarts_is_waited_for(tmp_path: Path) -> None:
    """It says that it waits, connects again, prints what came meanwhile once, and goes on."""
    with serving(tmp_path / "server") as server:
        experiment = new(server)
        with tailing(server, experiment, tmp_path / "t") as tail:
            feed(server, experiment, tail, "before")
            server.stop()
            again = start(server.dir, port=server.port)
            try:
                log(again, experiment, [{"name": "meanwhile", "value": 1, "step": 0}])
                feed(again, experiment, tail, "after")
                assert tail.points().count(("meanwhile", 1)) == 1
                assert tail.said().startswith("waiting: ")
                end(again, experiment)
                assert tail.ended() == 0
            finally:
                again.stop()


def test_an_experiment_that_is_deleted_ends_it(server: Server, tmp_path: Path) -> None:
    """Where there is nothing to follow any more it says so, and ends with 1."""
    experiment = new(server)
    with tailing(server, experiment, tmp_path / "t") as tail:
        feed(server, experiment, tail, "loss")
        http.request("DELETE", f"{server.url}/experiments/{experiment}", key=server.key)
        assert tail.ended() == 1
        assert tail.said().splitlines()[-1].startswith(f"tora tail: there is no experiment '{experiment}' here")

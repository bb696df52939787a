"""`tora sync`, the real command: what it sends, what it says, and how it ends."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.faults.child import logging_process, tora_sync
from benchmarks.faults.rows import stored_values
from tests.support.http import data, summaries
from tests.support.journals import LINES, left_behind, new_experiment
from tests.support.scripted import Asked, Reply, scripted
from tests.support.serving import Server, clean_environment, free_port, stop_local
from tora import rendezvous, wire
from tora._async.journal import journal_dir

BUSY = {"status": 503, "error": {"code": "busy", "message": "come back later"}}


def fail_batches(*replies: Reply) -> object:
    """Answer the first batches with these replies and everything else well."""
    left = list(replies)
    return lambda asked: left.pop(0) if left and asked.path.endswith("/logs/batch") else None


def test_what_was_left_is_sent(server: Server, tmp_path: Path) -> None:
    """Each journal is sent to its experiment and removed, and the output says how much went where."""
    experiments = [new_experiment(server.url) for _ in range(2)]
    for experiment in experiments:
        left_behind(tmp_path, server.url, experiment, writer=f"w-{experiment}")
    done = tora_sync(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == sorted(
        f"experiment {experiment}: 40 metrics sent to {server.url}" for experiment in experiments
    )
    for experiment in experiments:
        assert summaries(server.url, experiment)["loss"]["count"] == len(LINES)
    assert list(journal_dir(tmp_path).iterdir()) == []


def test_a_second_time_there_is_nothing_to_do(server: Server, tmp_path: Path) -> None:
    """Where nothing waits it says so, names the folder and succeeds."""
    left_behind(tmp_path, server.url, new_experiment(server.url))
    assert tora_sync(tmp_path).returncode == 0
    done = tora_sync(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Nothing to send: no journal is left in {tmp_path}.\n"


def test_journals_of_running_processes_are_left_alone(server: Server, tmp_path: Path) -> None:
    """A process that still logs keeps its journal, and the output says whose it is."""
    with logging_process(server.url, tmp_path / "client", max_buffer_len=10_000) as child:
        child.do("log", 10, 0)
        [journal] = journal_dir(tmp_path / "client").glob("*.jsonl")
        before = journal.read_bytes()
        done = tora_sync(tmp_path / "client")
        assert done.returncode == 0
        assert done.stdout == (
            f"Nothing to send: no journal is left in {tmp_path / 'client'} (1 journal belongs to a running process).\n"
        )
        assert journal.read_bytes() == before
        assert child.do("shutdown", 30)["stored"] == 10


def test_a_server_that_cannot_be_reached(tmp_path: Path) -> None:
    """The journals stay, each line says why and where, and the exit code is 1."""
    url = f"http://127.0.0.1:{free_port()}"
    paths = [left_behind(tmp_path, url, f"e{index}", writer=f"w{index}") for index in range(3)]
    done = tora_sync(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    said = done.stderr.splitlines()
    assert len(said) == len(paths)
    for index, path in enumerate(paths):
        [line] = [line for line in said if line.startswith(f"experiment e{index}: not sent: ")]
        assert "no connection" in line
        assert f"(kept in {path})" in line
        assert path.exists()


def test_a_dead_server_is_not_tried_for_each_journal(tmp_path: Path) -> None:
    """Hundreds of journals for a server that cannot be reached do not take hundreds of times its patience."""
    with scripted(lambda _: Reply(0)) as script:
        for index in range(5):
            left_behind(tmp_path, script.url, f"e{index}", writer=f"w{index}")
        done = tora_sync(tmp_path)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 5
        assert len({asked.path for asked in script.asked}) == 1


@pytest.mark.parametrize(
    "trouble", [Reply(503, BUSY), Reply(429, BUSY, {"Retry-After": "0.1"}), Reply(0)], ids=["503", "429", "cut"]
)
def test_a_busy_server_is_asked_again(tmp_path: Path, trouble: Reply) -> None:
    """What may pass is waited for, and the journal is sent whole."""
    left_behind(tmp_path, "", "e")
    with scripted(fail_batches(trouble, trouble)) as script:  # type: ignore[arg-type]
        left_behind(tmp_path, script.url, "e", writer="w2")
        journal_dir(tmp_path).joinpath("w1.jsonl").unlink()
        done = tora_sync(tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert [asked.body["firstSeq"] for asked in script.batches()] == [1, 1, 1]


def test_a_refusal_stops_one_journal_and_not_the_rest(server: Server, tmp_path: Path) -> None:
    """An experiment that is gone is named with the reason and the file; the others are sent."""
    experiment = new_experiment(server.url)
    path = left_behind(tmp_path, server.url, "no-such-experiment", writer="w1")
    left_behind(tmp_path, server.url, experiment, writer="w2")
    done = tora_sync(tmp_path)
    assert done.returncode == 1
    assert done.stdout == f"experiment {experiment}: 40 metrics sent to {server.url}\n"
    assert done.stderr.startswith("experiment no-such-experiment: not sent: ")
    assert "404" in done.stderr
    assert f"(kept in {path})" in done.stderr
    assert path.exists()
    assert summaries(server.url, experiment)["loss"]["count"] == len(LINES)


def test_what_was_stored_before_a_refusal_is_noted(tmp_path: Path) -> None:
    """A journal that is refused in its middle says how far it came, and the next time goes on from there."""
    lines = [wire.encode_metric("loss", float(step), step, None, 1.8e9) for step in range(15_000)]

    def answer(asked: Asked) -> Reply | None:
        refused = asked.path.endswith("/logs/batch") and asked.body["firstSeq"] > 1 and not healed.is_set()
        return Reply(403, BUSY) if refused else None

    healed = threading.Event()
    with scripted(answer) as script:
        left_behind(tmp_path, script.url, "e", lines=lines)
        done = tora_sync(tmp_path)
        assert done.returncode == 1
        sent = len(script.batches()[0].body["logs"])
        assert done.stderr.startswith(f"experiment e: {sent:,} metrics sent, then stopped: ")
        healed.set()
        script.asked.clear()
        done = tora_sync(tmp_path)
        assert (done.returncode, done.stdout) == (0, f"experiment e: {15_000 - sent:,} metrics sent to {script.url}\n")
        assert [metric["step"] for metric in script.metrics()] == list(range(sent, 15_000))


def test_a_file_that_is_no_journal_is_named(server: Server, tmp_path: Path) -> None:
    """Garbage and newer files are left as they are, with a line that names each; the rest is sent."""
    left_behind(tmp_path, server.url, new_experiment(server.url))
    contents = {
        "garbage.jsonl": b"garbage\n",
        "newer.jsonl": b'{"tora": 99, "server": "", "experiment": "e", "writer": "w"}\n',
    }
    for name, content in contents.items():
        journal_dir(tmp_path).joinpath(name).write_bytes(content)
    done = tora_sync(tmp_path)
    assert done.returncode == 1
    assert "40 metrics sent" in done.stdout
    for name, content in contents.items():
        path = journal_dir(tmp_path) / name
        assert path.read_bytes() == content
        [line] = [line for line in done.stderr.splitlines() if str(path) in line]
        assert line.startswith("skipped: ")


def test_the_users_key_goes_to_its_own_server_alone(tmp_path: Path) -> None:
    """Another server than the configured one gets the experiment's write token and never the key."""
    with scripted() as script:
        left_behind(tmp_path, script.url, "e", token="write-token")  # noqa: S106  # no secret
        done = tora_sync(tmp_path, key="the-users-key")
        assert done.returncode == 0
        assert {asked.headers["x-api-key"] for asked in script.asked} == {"write-token"}


def test_what_belongs_to_the_local_server_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals for the local server are sent to it, started where it does not run."""
    monkeypatch.setenv("TORA_PORT", str(free_port()))
    folder = tmp_path / "client"
    try:
        with local_logger(folder) as experiment:
            pass
        stop_local(folder)
        left_behind(folder, "", experiment, writer="w9")
        done = tora_sync(folder)
        assert (done.returncode, done.stderr) == (0, "")
        info = rendezvous.read(folder)
        assert info is not None
        key = rendezvous.local_key(folder)
        assert len(data(f"{info.url}/experiments/{experiment}/metrics", key=key)) == 1
    finally:
        stop_local(folder)


@contextmanager
def local_logger(folder: Path) -> Iterator[str]:
    """Create an experiment on the local server of a folder and yield its id."""
    script = "import tora; print(tora.Tora.create_experiment('local').experiment_id, flush=True)"
    made = subprocess.run(
        [sys.executable, "-c", script],
        env=clean_environment(TORA_DIR=str(folder), TORA_PORT=os.environ["TORA_PORT"]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    yield made.stdout.strip()


def test_a_terminal_sees_progress_and_a_file_the_lines(server: Server, tmp_path: Path) -> None:
    """A bar is drawn on standard error where that is a terminal, and the lines go to standard output alone."""
    experiment = new_experiment(server.url)
    lines = [wire.encode_metric("loss", float(step), step, None, 1.8e9) for step in range(50_000)]
    left_behind(tmp_path, server.url, experiment, lines=lines)
    terminal, errors = pty.openpty()
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tora", "sync"],
            env=clean_environment(TORA_DIR=str(tmp_path), TERM="xterm"),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=errors,
        )
    os.close(errors)
    shown = b""
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    finally:
        os.close(terminal)
    assert process.wait(60) == 0
    assert b"sending" in shown
    assert b"/50000" in shown
    assert output.read_text(encoding="utf-8") == f"experiment {experiment}: 50,000 metrics sent to {server.url}\n"
    assert len(stored_values(server.url, experiment)) == 50_000

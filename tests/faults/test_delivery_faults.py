"""Delivery through faults in real processes: each scenario of `benchmarks.faults`, small, and what clients say."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.faults import scenarios
from benchmarks.faults.child import Kind
from benchmarks.faults.rows import stored_values
from tests.support.disk import file_size_limit
from tests.support.journals import left_behind, new_experiment
from tests.support.polling import aio_until
from tests.support.proxy import proxying
from tests.support.scripted import Asked, Reply, scripted
from tests.support.serving import UNMEASURED, Server, clean_environment
from tora import AsyncTora, Tora, wire
from tora._async import care, delivery
from tora._async.journal import journal_dir


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what Tora warned of."""
    return [
        record.getMessage() for record in caplog.records if record.name == "tora" and record.levelno >= logging.WARNING
    ]


# --- The scenarios, small -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "max_buffer_len", "server_alive"),
    [("sync", 1, True), ("async", 25, True), ("sync", 10_000, False), ("async", 1, False)],
)
def test_a_killed_client_loses_nothing(tmp_path: Path, kind: Kind, max_buffer_len: int, server_alive: bool) -> None:  # noqa: FBT001
    """Every call that returned before SIGKILL is stored once, by the client or by `tora sync`."""
    row = scenarios.client_killed(
        tmp_path, kind=kind, max_buffer_len=max_buffer_len, server_alive=server_alive, count=500
    )
    assert row.holds, row


def test_a_server_killed_again_and_again_stores_everything_once(tmp_path: Path) -> None:
    """Writers go on through the kills, and the restarted server has each of their metrics exactly once."""
    row = scenarios.server_killed(tmp_path, kills=3, writers=3, count=1500, rate=500)
    assert row.holds, row


def test_a_stopped_server_gets_everything_when_it_goes_on(tmp_path: Path) -> None:
    """What is logged while the server stands still is delivered after SIGCONT."""
    row = scenarios.server_stopped(tmp_path, seconds=2, rate=500)
    assert row.holds, row


def test_a_lost_answer_makes_no_duplicate(tmp_path: Path) -> None:
    """Each batch comes twice, since its first answer was lost, and is stored once."""
    row = scenarios.every_answer_lost(tmp_path, count=2000)
    assert row.holds, row
    assert int(row.notes.split()[0]) >= 3, "creation, a batch and the end"


def test_a_backlog_beyond_memory_is_delivered(tmp_path: Path) -> None:
    """More than memory may hold is logged while the server is gone; all of it, and what follows, is stored."""
    row = scenarios.server_gone(tmp_path, count=150_000, paced=1000)
    assert row.holds, row


def test_a_full_disk_costs_nothing(tmp_path: Path) -> None:
    """Memory takes what the disk cannot; there is one warning, and the journal has it all once there is space."""
    row = scenarios.disk_full(tmp_path, count=2000)
    assert row.holds, row
    assert "holds; 1 warning" in row.notes


def test_a_full_tmpfs_costs_nothing(tmp_path: Path) -> None:
    """A disk that is really full is like the limit that stands for it elsewhere."""
    try:
        with scenarios.mounted(tmp_path / "probe", "64k"):
            pass
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("this user may not mount")
    row = scenarios.disk_full(tmp_path, count=2000, tmpfs=True)
    assert row.holds, row
    assert "holds; 1 warning" in row.notes


def test_adopters_and_syncs_at_once_send_each_metric_once(tmp_path: Path) -> None:
    """Two new clients and two `tora sync` share the journals of the dead while the living log to the experiment."""
    row = scenarios.two_adopters(tmp_path, journals=3, count=500)
    assert row.holds, row
    assert row.notes == "0 files left in the journals' folder"


# --- The journal cannot be written ----------------------------------------------------------------


@contextmanager
def a_file_in_the_way(folder: Path) -> Iterator[Path]:
    """Yield the path of a data folder that nobody, not even root, can make."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    obstacle = folder.parent / "obstacle"
    obstacle.write_text("a file, where a folder should be")
    yield obstacle / "tora"


async def test_without_a_journal_metrics_are_delivered_from_memory(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where TORA_DIR cannot be written, everything is still delivered, and one warning says what is at risk."""
    with a_file_in_the_way(tmp_path / "data") as folder:
        monkeypatch.setenv("TORA_DIR", str(folder))
        async with await AsyncTora.create_experiment("read-only", server_url=server.url) as client:
            for step in range(500):
                await client.log("loss", float(step), step)
            stats = await client.flush()
    assert (stats.logged, stats.stored, stats.waiting, stats.dropped) == (500, 500, 0, 0)
    assert sorted(stored_values(server.url, client.experiment_id)) == [float(step) for step in range(500)]
    [said] = warnings(caplog)
    assert str(folder) in said
    assert "TORA_DIR" in said


async def test_without_journal_and_server_the_loss_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What neither the server nor the disk took by the end is counted as dropped, and people are told how much."""
    with a_file_in_the_way(tmp_path / "data") as folder, scripted() as script:
        monkeypatch.setenv("TORA_DIR", str(folder))
        script.answer = lambda asked: Reply(503, {}) if asked.path.endswith("/logs/batch") else None
        client = await AsyncTora.create_experiment("hopeless", server_url=script.url)
        for step in range(50):
            await client.log("loss", float(step), step)
        stats = await client.shutdown(timeout=0.5)
    assert (stats.logged, stats.stored, stats.waiting, stats.dropped) == (50, 0, 0, 50)
    assert "50 of 50 metrics" in warnings(caplog)[-1]
    assert "lost" in warnings(caplog)[-1]


async def test_a_journal_is_mended_in_the_midst_of_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the server refuses, too, the journal is written as soon as it can be, and people are told."""
    with a_file_in_the_way(tmp_path / "data") as folder, scripted() as script:
        monkeypatch.setenv("TORA_DIR", str(folder))
        script.answer = lambda asked: Reply(503, {}) if asked.path.endswith("/logs/batch") else None
        client = await AsyncTora.create_experiment("mended", server_url=script.url, max_buffer_len=1)
        for step in range(50):
            await client.log("loss", float(step), step)
        await aio_until(lambda: any("cannot be written" in said for said in warnings(caplog)), "warning")
        folder.parent.unlink()
        await aio_until(lambda: any("can be written again" in said for said in warnings(caplog)), "word of it")
        [journal] = journal_dir(folder).glob("*.jsonl")
        assert journal.read_bytes().count(b'"loss"') == 50
        stats = await client.shutdown(timeout=0.1)
        assert stats.waiting == 50


async def test_an_offline_journal_is_looked_after_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without any server a journal that fails is one warning, and is written again when that is possible."""
    monkeypatch.setenv("TORA_MODE", "offline")
    monkeypatch.setattr(care, "TRY_EVERY", 0.01)
    client = await AsyncTora.create_experiment("offline", server_url="http://127.0.0.1:9")
    [journal] = journal_dir(Path(os.environ["TORA_DIR"])).glob("*.jsonl")
    with file_size_limit(journal.stat().st_size + 1000):
        for step in range(50):
            await client.log("loss", float(step))
        assert len(warnings(caplog)) == 1

    def log_once_more() -> bool:
        client.log_nowait("loss", 50.0)
        return client.stats.error is None

    await aio_until(log_once_more, "journal that works again")
    assert len(warnings(caplog)) == 2
    stats = await client.shutdown()
    assert stats.logged == stats.waiting == journal.read_bytes().count(b'"loss"')


# --- What the client says and does ----------------------------------------------------------------


FLUSH_IN_A_HANDLER = """
import os, signal, sys, threading, time
from tora import Tora

client = Tora.create_experiment("handler", server_url=sys.argv[1], max_buffer_len=1)
flushed = depth = 0

def flush(number, frame):
    global flushed, depth
    if depth == 3:  # on a busy machine signals come faster than they are handled
        return
    depth += 1
    client.log("from the handler", 1.0)
    assert client.flush(timeout=20).error is None
    depth -= 1
    flushed += 1

signal.signal(signal.SIGUSR1, flush)
print("ready", flush=True)
logged = 0
while flushed < 10:
    client.log("loss", float(logged))
    logged += 1
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
stats = client.shutdown()
print(logged + flushed, stats.stored, stats.waiting, flush=True)
"""


def test_a_signal_handler_may_flush_in_the_midst_of_logging(server: Server, tmp_path: Path) -> None:
    """A handler that flushes, as one for preemption does, gets its answer wherever it interrupts the log loop."""
    child = subprocess.Popen(
        [sys.executable, "-c", FLUSH_IN_A_HANDLER, server.url],
        env=clean_environment(TORA_DIR=str(tmp_path / "client"), **UNMEASURED),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for _ in range(2000):
            if child.poll() is not None:
                break
            child.send_signal(signal.SIGUSR1)
            try:
                child.wait(0.03)
            except subprocess.TimeoutExpired:
                continue
        logged, stored, waiting = map(int, child.stdout.readline().split())
    finally:
        child.kill()
        child.communicate()
    assert (stored, waiting) == (logged, 0)


async def test_a_quiet_run_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that logs nothing beats its heart, and asks for nothing else."""
    monkeypatch.setattr(delivery, "HEARTBEAT", 0.05)
    with scripted() as script:
        async with await AsyncTora.create_experiment("quiet", server_url=script.url):
            await aio_until(lambda: len(script.asked) >= 5, "fourth heartbeat")
        assert {(asked.method, asked.path) for asked in script.asked} == {
            ("POST", "/experiments"),
            ("POST", "/experiments/scripted/heartbeat"),
            ("PATCH", "/experiments/scripted"),
        }


async def test_a_refusal_is_asked_about_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the pause behind a refusal is over, the server that has changed its mind gets everything."""
    monkeypatch.setattr(delivery, "REFUSED_PAUSE", 0.1)
    refusals = [Reply(403, {}), Reply(403, {})]

    def answer(asked: Asked) -> Reply | None:
        return refusals.pop() if refusals and asked.path.endswith("/logs/batch") else None

    with scripted(answer) as script:
        async with await AsyncTora.create_experiment("later", server_url=script.url, max_buffer_len=1) as client:
            await client.log("loss", 1.0)
            await aio_until(lambda: client.stats.stored == 1, "third try")
            assert client.stats.error is None


def test_a_black_hole_delays_neither_logging_nor_the_end(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """With a server that takes requests and never answers, everything is bounded; it is delivered when it answers."""
    with proxying(server.port) as proxy:
        client = Tora.create_experiment("swallowed", server_url=proxy.url, max_buffer_len=1)
        proxy.swallow()
        for step in range(1000):
            client.log("loss", float(step))
        stats = client.flush(timeout=0.2)
        assert (stats.logged, stats.waiting) == (1000, 1000)
        proxy.pass_on()
        stats = client.shutdown()
    assert (stats.stored, stats.waiting) == (1000, 0)
    assert sorted(stored_values(server.url, client.experiment_id)) == [float(step) for step in range(1000)]


SHORT_LIVED = {
    "sync": """
import sys, tora
client = tora.Tora.create_experiment("short", server_url=sys.argv[1])
client.log("loss", 1.0)
client.shutdown()
""",
    "exit": """
import sys, tora
tora.setup("short", server_url=sys.argv[1])
tora.tlog("loss", 1.0)
""",
    "asyncio.run": """
import asyncio, sys, tora
async def main():
    async with await tora.AsyncTora.create_experiment("short", server_url=sys.argv[1]) as client:
        await client.log("loss", 1.0)
asyncio.run(main())
""",
    "closed loop": """
import asyncio, sys, tora
async def main():
    async with await tora.AsyncTora.create_experiment("short", server_url=sys.argv[1]) as client:
        await client.log("loss", 1.0)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
""",
}


@pytest.mark.parametrize("script", SHORT_LIVED.values(), ids=SHORT_LIVED)
def test_adoption_does_not_hold_up_a_short_lived_client(server: Server, tmp_path: Path, script: str) -> None:
    """A process that ends while it adopts a large journal ends at once and in silence, and loses nothing of it."""
    lines = [wire.encode_metric("loss", float(step), step, None, 1.8e9) for step in range(100_000)]
    experiment = new_experiment(server.url)
    with proxying(server.port) as proxy:
        left_behind(tmp_path, proxy.url, experiment, lines=lines)
        # What the adoption sends is swallowed, so that it is under way whenever the process ends.
        proxy.swallow(lambda asked: experiment in asked.path)
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "default", "-c", script, proxy.url],
            env=clean_environment(TORA_DIR=str(tmp_path)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    noise = [line for line in done.stderr.splitlines() if line and not line.startswith("Executing <")]
    assert (done.returncode, noise) == (0, [])
    again = subprocess.run(
        [sys.executable, "-m", "tora", "sync"], env=clean_environment(TORA_DIR=str(tmp_path)), check=False
    )
    assert again.returncode == 1, "the proxy is gone, and the journal is still there"

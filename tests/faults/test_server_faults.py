"""A server that is killed, stopped, ended or told a wrong time: what it acknowledged is there, and once."""

from __future__ import annotations

import asyncio
import collections
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.test_lost import Clock, world
from tests.support import http
from tests.support.polling import aio_until, until
from tests.support.senders import Sender, create, exported, sending, stored
from tests.support.serving import Server, free_port, serving, start
from tora import AsyncTora, rendezvous
from tora.server.app import build_app
from tora.server.awake import AwakeClock
from tora.server.context import PRESENCE
from tora.server.options import Options
from tora.server.presence import LOST_AFTER, Presence

# --- Killed, stopped, ended -----------------------------------------------------------------------


def test_a_server_killed_again_and_again_stores_everything_once(tmp_path: Path) -> None:
    """Eight writers that repeat what was not acknowledged end up with each metric once, in their order."""
    folder, port = tmp_path / "data", free_port()
    senders = [Sender(port, f"x{number % 2}", f"w{number}", 3000) for number in range(8)]
    server = start(folder, port=port)
    try:
        create(server.url, "x0", "x1")
        with sending(senders):
            for share in (0.2, 0.4, 0.6):
                done = share * sum(sender.total for sender in senders)
                until(lambda done=done: sum(sender.through for sender in senders) > done, "progress", every=0.001)  # type: ignore[misc]
                assert server.stop(signal.SIGKILL) == -signal.SIGKILL
                server = start(folder, port=port)
        assert all(sender.answers.keys() <= {0, 201} for sender in senders)
        assert stored(server.url, ["x0", "x1"]) == {sender.writer: list(range(1, 3001)) for sender in senders}
    finally:
        server.stop()


async def test_a_server_that_stands_still_loses_nothing_and_nobody(tmp_path: Path) -> None:
    """Eight clients log on through a SIGSTOP; after SIGCONT everything is stored once and all of them are running."""
    with serving(tmp_path / "data") as server:
        clients = [await AsyncTora.create_experiment(f"x{number}", server_url=server.url) for number in range(8)]
        logged = 0

        async def log(count: int) -> None:
            nonlocal logged
            for _ in range(count):
                logged += 1
                for client in clients:
                    await client.log("loss", float(logged), step=logged)

        await log(100)
        await aio_until(lambda: all(client.stats.stored for client in clients), "first answers")
        server.process.send_signal(signal.SIGSTOP)
        try:
            stood_still = time.monotonic()
            while time.monotonic() - stood_still < 3:  # the fault is its length
                await log(10)
                await asyncio.sleep(0.05)
            assert all(client.stats.waiting for client in clients)
        finally:
            server.process.send_signal(signal.SIGCONT)
        await log(100)
        for client in clients:
            stats = await client.flush()
            assert (stats.stored, stats.waiting, stats.dropped) == (logged, 0, 0)
        for client in clients:
            [values] = stored(server.url, [client.experiment_id]).values()
            assert values == list(range(1, logged + 1))
            assert http.data(f"{server.url}/experiments/{client.experiment_id}")["status"] == "running"
            await client.shutdown()


def test_a_graceful_end_stores_what_it_acknowledges_and_no_more_than_it_was_sent(tmp_path: Path) -> None:
    """SIGTERM, and a second one, under the load of eight writers: exit 0, every 201 stored, nothing twice."""
    folder = tmp_path / "data"
    server = start(folder)
    create(server.url, "x")
    senders = [Sender(server.port, "x", f"w{number}", 10**9, size=200, patient=False) for number in range(8)]
    with sending(senders):
        until(lambda: all(sender.through > 1000 for sender in senders), "load")
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        assert server.stop() == 0
    assert rendezvous.read(folder) is None
    assert sorted(path.name for path in folder.iterdir()) == [
        "catalog.sqlite",
        "local-key",
        "metrics.duckdb",
        "server.lock",
    ]
    with serving(folder) as again:
        found = stored(again.url, ["x"])
    for sender in senders:
        values = found[sender.writer]
        assert values == list(range(1, len(values) + 1))
        assert len(values) - sender.through in {0, sender.size}


# --- Exactly once ---------------------------------------------------------------------------------

Batch = tuple[str, int, int]
"""A writer, the number of its first metric, and how many there are."""

BATCHES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.integers(1, 40)), min_size=1, max_size=12)


def send(url: str, experiment: str, batches: Sequence[Batch]) -> None:
    """Send batches, those of one writer in their order and all writers at once."""
    of_writer: dict[str, list[Batch]] = collections.defaultdict(list)
    for one in batches:
        of_writer[one[0]].append(one)

    def run(mine: Sequence[Batch]) -> None:
        for writer, first, count in mine:
            logs = [{"name": "loss", "value": number, "step": number} for number in range(first, first + count)]
            body = {"writer": writer, "firstSeq": first, "logs": logs}
            answer = http.request("POST", f"{url}/experiments/{experiment}/logs/batch", body)
            assert answer.status == 201
            assert answer.json()["data"]["accepted"] == count

    with ThreadPoolExecutor(max(len(of_writer), 1)) as pool:
        list(pool.map(run, of_writer.values()))


def expected(batches: Sequence[Batch]) -> dict[str, list[float]]:
    """Return what must be stored: of each writer the numbers that lie beyond all that came before."""
    found: dict[str, list[float]] = collections.defaultdict(list)
    for writer, first, count in batches:
        mark = found[writer][-1] if found[writer] else 0
        found[writer] += [number for number in range(first, first + count) if number > mark]
    return found


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for many examples."""
    with serving(tmp_path_factory.mktemp("exactly-once") / "data") as server:
        yield server


@settings(max_examples=30, deadline=None)
@given(batches=BATCHES)
def test_batches_may_overlap_and_come_again(target: Server, batches: list[Batch]) -> None:
    """However batches repeat and overlap, a number is stored at most once, and sending all again changes nothing."""
    answer = http.request("POST", f"{target.url}/experiments", {"name": "x"})
    experiment = answer.json()["data"]["id"]
    for _ in range(2):
        send(target.url, experiment, batches)
        assert stored(target.url, [experiment]) == expected(batches)
        [summary] = http.summaries(target.url, experiment).values()
        assert summary["count"] == sum(map(len, expected(batches).values()))


def test_batches_may_come_again_after_a_restart(tmp_path: Path) -> None:
    """What was stored before a SIGKILL or a graceful end is known afterwards: all of it may be sent again."""
    random = np.random.default_rng(1)
    sent: list[Batch] = []
    for sign in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        with serving(tmp_path / "data") as server:
            create(server.url, "x")
            again = list(sent)
            random.shuffle(again)
            new = [("abc"[random.integers(3)], int(random.integers(1, 400)), 50) for _ in range(10)]
            send(server.url, "x", [*again, *new])
            sent += new
            assert stored(server.url, ["x"]) == expected(sent)
            server.stop(sign)


# --- Clocks ---------------------------------------------------------------------------------------


def test_a_clock_that_stands_still_while_the_process_does() -> None:
    """An hour of SIGSTOP counts as some seconds; time in which the loop runs counts as it is."""
    real = Clock()
    clock = AwakeClock(real)
    presence = Presence(clock)

    def live(seconds: int) -> None:
        for _ in range(seconds):
            real.now += 1
            clock.tick()

    presence.sign("x", "w")
    live(60)
    real.now += 3600
    assert clock() == pytest.approx(75)
    assert not presence.is_lost("x", "w")
    live(30)
    assert not presence.is_lost("x", "w")
    live(int(LOST_AFTER) - 60)
    assert presence.is_lost("x", "w")


async def test_a_server_counts_by_that_clock(tmp_path: Path) -> None:
    """It ticks as long as the server runs."""
    from aiohttp import web

    app = build_app(Options(dir=tmp_path), port=1, local_key="k")
    clock = app[PRESENCE]._clock
    assert isinstance(clock, AwakeClock)
    ticked = clock._at
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await aio_until(lambda: clock._at > ticked, "tick")
    finally:
        await runner.cleanup()


async def test_a_servers_clock_may_jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of its wall clock change neither what is stored, nor its order, nor who counts as lost."""
    async with world(tmp_path) as made:
        await made.send("POST", "/experiments", {"id": "x", "name": "x"}, writer="w")
        now = time.time()
        values: list[int] = []
        for jump in (0, 365 * 86400, -365 * 86400, -now + 1, 60):
            monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
            logs = [{"name": "loss", "value": len(values)}]
            batch = {"writer": "w", "firstSeq": len(values) + 1, "logs": logs}
            await made.send("POST", "/experiments/x/logs/batch", batch, writer="w")
            values.append(len(values))
            assert await made.status() == "running"
        [series] = (await made.send("GET", "/series?experiment=x&name=loss"))["series"]
        assert series["columns"]["last"] == values
        [summary] = await made.send("GET", "/experiments/x/metrics")
        assert (summary["count"], summary["last"]) == (5, 4)
        [by_time] = (await made.send("GET", "/series?experiment=x&name=loss&x=time"))["series"]
        assert by_time["columns"]["x"] == sorted(by_time["columns"]["x"])
        assert sum(by_time["columns"]["count"]) == 5


@pytest.mark.parametrize("time_", [0.0, 1.0, 0.5, 1e9, 4102444800.0, 253402300799.0])
def test_a_clients_clock_may_be_wrong(target: Server, time_: float) -> None:
    """From 1970 to the year 9999 a time is stored as it was sent: no clock of a computer shows another."""
    experiment = http.request("POST", f"{target.url}/experiments", {"name": "x"}).json()["data"]["id"]
    body = {"logs": [{"name": "loss", "value": 1, "time": time_}]}
    assert http.request("POST", f"{target.url}/experiments/{experiment}/logs/batch", body).status == 201
    assert [point["time"] for point in exported(target.url, experiment)] == [time_]


async def test_a_client_with_a_wrong_clock_loses_nothing(target: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it logs while its clock jumps about is stored, in the order of the steps."""
    client = await AsyncTora.create_experiment("x", server_url=target.url)
    real = time.time
    for step, clock in enumerate([lambda: 0.0, lambda: real() + 1e9, lambda: 86400.0, lambda: 1e11, real]):
        monkeypatch.setattr(time, "time", clock)
        await client.log("loss", float(step), step=step)
    stats = await client.shutdown()
    assert (stats.stored, stats.waiting, stats.error) == (5, 0, None)
    assert [point["step"] for point in exported(target.url, client.experiment_id)] == [0, 1, 2, 3, 4]

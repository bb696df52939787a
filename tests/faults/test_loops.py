"""Calls from every loop, thread and moment of a program's life: they work, or they raise; none hangs."""

from __future__ import annotations

import asyncio
import gc
import textwrap
import threading
import warnings
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

import tora
from tests.support.http import summaries
from tests.support.polling import aio_until
from tests.support.programs import journals, program, run, silent, status, stored, sync
from tests.support.serving import UNMEASURED, Server
from tora import AsyncTora, Tora
from tora._async import http
from tora._sync.runner import RUNNER

BEGIN = """
import asyncio, atexit, gc, os, signal, sys, threading, time, weakref
import tora
"""


def counts(server: Server, experiment: str) -> dict[str, int]:
    """Return how many points the server has of each metric."""
    return {name: found["count"] for name, found in summaries(server.url, experiment).items()}


def in_thread(func: Callable[[], Awaitable[object]]) -> None:
    """Run a coroutine function on a loop of its own in another thread."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_awaited(func))
        except BaseException as exc:  # noqa: BLE001  # raised where the test sees it
            raised.append(exc)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


async def _awaited(func: Callable[[], Awaitable[object]]) -> None:
    await func()


# --- AsyncTora and several loops -------------------------------------------------------------------


async def test_a_client_works_from_a_loop_in_another_thread(server: Server) -> None:
    """Its own loop delivers, whoever asks; flush and shutdown are answered where they were asked."""
    client = await AsyncTora.create_experiment("loops", server_url=server.url)

    async def elsewhere() -> None:
        for step in range(300):
            await client.log("loss", 1.0, step)
        assert (await client.flush()).stored == 300

    await asyncio.to_thread(in_thread, elsewhere)
    await asyncio.to_thread(in_thread, client.shutdown)
    assert client.is_closed
    assert counts(server, client.experiment_id) == {"loss": 300}


def test_a_client_moves_from_loop_to_loop(server: Server) -> None:
    """After the end of its loop the next one that uses the client delivers; nothing is stored twice."""

    async def begin() -> AsyncTora:
        client = await AsyncTora.create_experiment("loops", server_url=server.url)
        await client.log("loss", 1.0, 0)
        return client

    async def go_on(step: int) -> None:
        await client.log("loss", 1.0, step)
        assert (await client.flush()).stored == step + 1

    client = asyncio.run(begin())
    for step in range(1, 4):
        asyncio.run(go_on(step))
    asyncio.run(_awaited(client.shutdown))
    assert counts(server, client.experiment_id) == {"loss": 4}


def test_metrics_alone_find_the_next_loop(server: Server) -> None:
    """Without a flush: a metric that is logged in the next loop brings the delivery there."""

    async def begin() -> AsyncTora:
        return await AsyncTora.create_experiment("loops", server_url=server.url)

    async def go_on() -> None:
        await client.log("loss", 1.0)
        await aio_until(lambda: not client.buffer_size, "empty buffer")

    client = asyncio.run(begin())
    client.log_nowait("loss", 1.0)  # between two loops
    asyncio.run(go_on())
    asyncio.run(_awaited(client.shutdown))
    assert counts(server, client.experiment_id) == {"loss": 2}


def test_a_loop_that_is_taken_up_again(server: Server) -> None:
    """Between its runs a loop lends the client to another; neither sends what the other did."""
    loop = asyncio.new_event_loop()

    async def begin() -> AsyncTora:
        return await AsyncTora.create_experiment("loops", server_url=server.url)

    async def log(count: int) -> None:
        for _ in range(count):
            await client.log("loss", 1.0)
        assert (await client.flush()).waiting == 0

    client = loop.run_until_complete(begin())
    for _ in range(3):
        loop.run_until_complete(log(10))
        asyncio.run(log(10))
    loop.run_until_complete(client.shutdown())
    loop.close()
    assert counts(server, client.experiment_id) == {"loss": 60}


def test_a_loop_that_ends_in_the_midst_of_a_request(server: Server) -> None:
    """What was under way is sent again from the next loop, without a flush, and stored once."""
    with ExitStack() as silence:

        async def begin() -> AsyncTora:
            client = await AsyncTora.create_experiment("loops", server_url=server.url, max_buffer_len=1)
            silence.enter_context(silent(server))
            await client.log("loss", 1.0)
            for _ in range(50):  # turns, in which the request begins
                await asyncio.sleep(0)
            return client

        client = asyncio.run(begin())

    async def go_on() -> None:
        await client.log("loss", 1.0)
        await aio_until(lambda: not client.buffer_size, "empty buffer")

    asyncio.run(go_on())
    asyncio.run(_awaited(client.shutdown))
    assert counts(server, client.experiment_id) == {"loss": 2}


def test_a_loop_closed_under_the_client(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Its connections go with the loop, without a word from asyncio, and another loop ends the client in good order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the transports that were open in the loop
        loop = asyncio.new_event_loop()
        client = loop.run_until_complete(AsyncTora.create_experiment("loops", server_url=server.url))
        client.log_nowait("loss", 1.0)
        loop.close()
        client.log_nowait("loss", 2.0)
        asyncio.run(_awaited(client.shutdown))
        assert client.stats.stored == 2
        assert not http._sessions.get(loop)
        del loop, client
        gc.collect()
    assert caplog.text == ""


async def test_many_threads_log_to_one_async_client(server: Server) -> None:
    """log_nowait is for any thread."""
    client = await AsyncTora.create_experiment("loops", server_url=server.url)

    def work(name: str) -> None:
        for step in range(500):
            client.log_nowait(name, step, step)

    await asyncio.gather(*(asyncio.to_thread(work, f"thread/{number}") for number in range(8)))
    await client.shutdown()
    assert counts(server, client.experiment_id) == {f"thread/{number}": 500 for number in range(8)}


# --- Tora and loops ---------------------------------------------------------------------------------


async def test_a_sync_call_works_inside_a_running_loop(server: Server) -> None:
    """It blocks that loop, as sync code does, and is answered by Tora's own."""
    with Tora.create_experiment("loops", server_url=server.url) as client:
        client.log("loss", 1.0)
        assert client.flush().stored == 1
    assert client.is_closed


def test_a_blocking_call_on_toras_own_loop_raises(server: Server) -> None:
    """Flush there would wait for itself: it is a ToraError; logging is no wait, and works."""

    async def trespass() -> None:
        client.log("loss", 1.0)
        with pytest.raises(tora.ToraError, match="own event loop"):
            client.flush()
        with pytest.raises(tora.ToraError, match="own event loop"):
            client.shutdown()

    with Tora.create_experiment("loops", server_url=server.url) as client:
        RUNNER.run(trespass)
        assert client.flush().stored == 1


# --- Moments of a program ---------------------------------------------------------------------------


def ends_well(script: str, server: Server, folder: Path, **settings: str) -> str:
    """Run a script that prints its experiment, ends with 0 and says nothing; return the rest that it prints."""
    ended = run(BEGIN + textwrap.dedent(script), folder, TORA_SERVER_URL=server.url, **settings)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.partition("\n")[0]


def test_calls_from_a_signal_handler(server: Server, tmp_path: Path) -> None:
    """A handler logs and flushes whatever it interrupts: a log(), a flush(), or nothing."""
    experiment = ends_well(
        """
        print(tora.setup("handler"), flush=True)
        handled = depth = 0
        def handle(*_):
            global handled, depth
            if depth < 3:  # a busy machine may take longer for one than until the next
                depth += 1
                handled += 1
                tora.tlog("handler", handled, handled)
                if handled % 50 == 0:
                    tora.flush(10)
                depth -= 1
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        logged = 0
        end = time.monotonic() + 2
        while time.monotonic() < end:
            tora.tlog("main", logged, logged)
            logged += 1
            if logged % 1000 == 0:
                tora.flush(10)
        signal.setitimer(signal.ITIMER_REAL, 0)
        stats = tora.flush(30)
        assert handled > 100 and stats.stored == logged + handled, (handled, logged, stats)
        """,
        server,
        tmp_path,
        **UNMEASURED,
    )
    assert set(stored(server.url, experiment)) == {"main", "handler"}
    assert journals(tmp_path) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_calls_from_atexit(when: str, server: Server, tmp_path: Path) -> None:
    """A callback logs and flushes, whether it runs before Tora's own end or behind it; nothing is lost."""
    register = "atexit.register(last)"
    experiment = ends_well(
        f"""
        def last():
            tora.tlog("last", 1.0)
            stats = tora.flush(10)
            assert stats.waiting == 0, stats
        {register if when == "after" else ""}
        print(tora.setup("atexit"), flush=True)
        {register if when == "before" else ""}
        tora.tlog("loss", 1.0)
        """,
        server,
        tmp_path,
    )
    assert sync(tmp_path).code == 0
    assert stored(server.url, experiment) == {"loss": 1, "last": 1}
    assert status(server.url, experiment) == "finished"


def test_calls_from_finalizers(server: Server, tmp_path: Path) -> None:
    """An object's __del__ and a weakref's finalizer log, in the midst of the program and at its very end."""
    experiment = ends_well(
        """
        class Model:
            def __init__(self, name):
                self.name = name
                self.log = tora.tlog
            def __del__(self):
                self.log(self.name, 1.0)

        def finalize(name):
            tora.tlog(name, 1.0)

        print(tora.setup("finalizer"), flush=True)
        for step in range(100):
            model = Model("del")
            model.myself = model  # freed by the garbage collector, wherever it runs
            weakref.finalize(model, finalize, "finalize")
            tora.tlog("loss", step, step)
        del model
        gc.collect()
        tora.flush()
        last = Model("del at the end")
        other = Model("unused")
        weakref.finalize(other, finalize, "finalize at the end")
        """,
        server,
        tmp_path,
    )
    sync(tmp_path)
    found = stored(server.url, experiment)
    assert {name: found[name] for name in ("del", "finalize", "loss", "finalize at the end")} == {
        "del": 100,
        "finalize": 100,
        "loss": 100,
        "finalize at the end": 1,
    }


def test_a_finalizer_that_flushes_on_toras_loop_raises(server: Server, tmp_path: Path) -> None:
    """A blocking call that the garbage collector makes on Tora's own thread is refused, and nothing hangs."""
    experiment = ends_well(
        """
        from tora._sync.runner import RUNNER
        heard = []
        class Model:
            def __del__(self):
                try:
                    tora.flush()
                except tora.ToraError as error:
                    heard.append(str(error))
        async def free():
            model = Model()
            del model
        print(tora.setup("finalizer"), flush=True)
        tora.tlog("loss", 1.0)
        RUNNER.run(free)
        assert "own event loop" in heard[0]
        """,
        server,
        tmp_path,
    )
    assert stored(server.url, experiment) == {"loss": 1}


def test_a_logging_handler_may_log_metrics(server: Server, tmp_path: Path) -> None:
    """A handler that counts warnings as metrics gets Tora's own warnings too, and nothing turns in circles."""
    script = BEGIN + textwrap.dedent("""
        import logging
        class Count(logging.Handler):
            def emit(self, record):
                tora.tlog("warnings", 1.0)
        print(tora.setup("logging", max_buffer_len=1), flush=True)
        logging.getLogger().addHandler(Count())
        logging.getLogger().setLevel(logging.DEBUG)
        input()
        tora.tlog("loss", 1.0)
        print(tora.flush(2).waiting > 0, flush=True)
        input()
    """)
    with program(script, tmp_path, TORA_SERVER_URL=server.url) as running:
        experiment = running.heard()
        with silent(server):
            running.tell()
            assert running.heard() == "True"
        running.tell()
        ended = running.wait()
    assert (ended.code, ended.err) == (0, "")
    assert stored(server.url, experiment)["loss"] == 1

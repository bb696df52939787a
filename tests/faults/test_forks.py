"""Processes made from a process that logs: each is a writer of its own, and none touches another's metrics."""

from __future__ import annotations

import multiprocessing
import os
import sys
import textwrap
from pathlib import Path

import pytest

from benchmarks.faults.forking import forked_loader
from tests.support.programs import Ended, journals, run, status, stored, sync, writers
from tests.support.serving import Server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

METHODS = [method for method in ("fork", "spawn", "forkserver") if method in multiprocessing.get_all_start_methods()]

BEGIN = """
import asyncio, multiprocessing, os, signal, sys, threading, time
import tora

def in_child(work, leave=os._exit):
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            leave(1)
        leave(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def log(name, count=10):
    for step in range(count):
        tora.tlog(name, step, step)
"""


def script(text: str, folder: Path, server: Server) -> tuple[str, Ended]:
    """Run a script, from a file as multiprocessing needs it, that prints its experiment first."""
    path = folder / "script.py"
    path.write_text(BEGIN + textwrap.dedent(text), encoding="utf-8")
    ended = run(path, folder / "data", TORA_SERVER_URL=server.url)
    assert ended.code == 0, ended
    assert [line for line in ended.err.splitlines() if "on purpose" not in line and line[:1] not in "TP "] == []
    return ended.out.splitlines()[0], ended


@pytest.mark.parametrize("leave", ["os._exit", "sys.exit"])
def test_a_forked_child_is_a_writer_of_its_own(leave: str, server: Server, tmp_path: Path) -> None:
    """Parent and child log to one experiment; nothing is stored twice, and the child's end is not the experiment's."""
    experiment, ended = script(
        f"""
        print(tora.setup("fork", max_buffer_len=1000), flush=True)
        log("parent")
        def work():
            log("child")
            assert tora.flush().stored == 10
        print(in_child(work, {leave}))
        log("parent")
        print(tora.flush().stored)
        """,
        tmp_path,
        server,
    )
    assert ended.out.splitlines()[1:] == ["0", "20"]
    assert stored(server.url, experiment) == {"parent": 20, "child": 10}
    assert status(server.url, experiment) == "finished"
    assert sync(tmp_path / "data").code == 0
    assert stored(server.url, experiment) == {"parent": 20, "child": 10}
    known = writers(server.url, experiment)
    # Who leaves by os._exit says nothing; its journal, all of it stored, tells the next who looks.
    assert sorted(known.values()) == ["finished", "lost" if leave == "os._exit" else "finished"]
    assert journals(tmp_path / "data") == []


def test_what_a_child_leaves_behind_is_adopted(server: Server, tmp_path: Path) -> None:
    """A child that ends by os._exit straight after its last log() loses nothing."""
    experiment, _ = script(
        """
        print(tora.setup("fork"), flush=True)
        assert in_child(lambda: log("child", 1000)) == 0
        """,
        tmp_path,
        server,
    )
    assert sync(tmp_path / "data", TORA_SERVER_URL=server.url).code == 0
    assert stored(server.url, experiment) == {"child": 1000}
    assert status(server.url, experiment) == "finished"


def test_a_child_that_never_logs_leaves_nothing(server: Server, tmp_path: Path) -> None:
    """No file and no writer comes of a child that has nothing to say, and its exit waits for nobody."""
    experiment, _ = script(
        """
        import pathlib
        print(tora.setup("fork"), flush=True)
        log("parent")
        tora.flush()
        before = sorted(pathlib.Path(os.environ["TORA_DIR"], "journal").iterdir())
        for leave in (os._exit, sys.exit):
            assert in_child(lambda: None, leave) == 0
            assert sorted(pathlib.Path(os.environ["TORA_DIR"], "journal").iterdir()) == before
        """,
        tmp_path,
        server,
    )
    assert len(writers(server.url, experiment)) == 1
    assert status(server.url, experiment) == "finished"


def test_a_child_may_shut_down(server: Server, tmp_path: Path) -> None:
    """tora.shutdown() in a child ends the child's writer, and the parent goes on."""
    experiment, _ = script(
        """
        print(tora.setup("fork"), flush=True)
        def work():
            log("child")
            assert tora.shutdown().stored == 10
            assert not tora.is_initialized()
        assert in_child(work) == 0
        assert tora.is_initialized()
        log("parent")
        """,
        tmp_path,
        server,
    )
    assert stored(server.url, experiment) == {"parent": 10, "child": 10}
    assert status(server.url, experiment) == "finished"
    assert sorted(writers(server.url, experiment).values()) == ["finished", "finished"]


def test_the_connections_stay_the_parents(server: Server, tmp_path: Path) -> None:
    """A child that ends as programs do, freeing all that it inherited, does not disturb the parent's connections."""
    for text in (
        """
        print(tora.setup("fork"), flush=True)
        for _ in range(5):
            log("parent", 2)
            assert tora.flush(10).waiting == 0
            assert in_child(lambda: log("child", 1), sys.exit) == 0
        """,
        """
        loop = asyncio.new_event_loop()
        run = loop.run_until_complete
        client = run(tora.AsyncTora.create_experiment("fork"))
        print(client.experiment_id, flush=True)
        for _ in range(5):
            client.log_metrics_nowait({"parent": 1.0})
            client.log_metrics_nowait({"parent": 1.0})
            assert run(client.flush(10)).waiting == 0
            assert in_child(lambda: client.log_nowait("child", 1.0), sys.exit) == 0
        run(client.shutdown())
        loop.close()
        """,
    ):
        experiment, ended = script(text, tmp_path, server)
        assert ended.seconds < 30
        assert stored(server.url, experiment) == {"parent": 10, "child": 5}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["return", "exception", "sys.exit"])
def test_a_process_of_multiprocessing_delivers_at_its_end(
    method: str, kind: str, server: Server, tmp_path: Path
) -> None:
    """However it was started and however it ends, a worker's metrics are stored when it has been joined."""
    last = {"return": "pass", "exception": "raise LookupError('on purpose')", "sys.exit": "sys.exit(3)"}[kind]
    experiment, ended = script(
        f"""
        def work(client):
            for step in range(10):
                client.log("worker", step, step)
            {last}

        if __name__ == "__main__":
            with tora.Tora.create_experiment("worker") as client:
                print(client.experiment_id, flush=True)
                context = multiprocessing.get_context({method!r})
                workers = [context.Process(target=work, args=[client]) for _ in range(2)]
                for worker in workers:
                    worker.start()
                for worker in workers:
                    worker.join()
                print([worker.exitcode for worker in workers])
        """,
        tmp_path,
        server,
    )
    assert ended.out.splitlines()[1] == str([{"return": 0, "exception": 1, "sys.exit": 3}[kind]] * 2)
    assert stored(server.url, experiment) == {"worker": 20}
    assert journals(tmp_path / "data") == []
    # From 3.13 on Python calls nothing of ours before it has forgotten what ended the worker.
    expected = "finished" if kind == "return" or sys.version_info >= (3, 13) else "failed"
    assert sorted(writers(server.url, experiment).values()) == sorted(["finished", expected, expected])
    assert status(server.url, experiment) == "finished"


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_of_processes_logs(method: str, server: Server, tmp_path: Path) -> None:
    """The workers of a pool log through a handle; what they had no time for is adopted."""
    experiment, _ = script(
        f"""
        def work(job):
            client, step = job
            client.log("worker", step, step)

        if __name__ == "__main__":
            with tora.Tora.create_experiment("pool") as client:
                print(client.experiment_id, flush=True)
                with multiprocessing.get_context({method!r}).Pool(2) as pool:
                    pool.map(work, [(client, step) for step in range(50)], chunksize=10)
        """,
        tmp_path,
        server,
    )
    assert sync(tmp_path / "data").code == 0
    assert stored(server.url, experiment) == {"worker": 50}
    assert status(server.url, experiment) == "finished"
    assert journals(tmp_path / "data") == []


def test_a_forked_data_loader_does_not_deadlock(tmp_path: Path) -> None:
    """Four workers are forked while three threads of the parent log and flush: all ends, and all is stored once."""
    row = forked_loader(tmp_path, runs=5)
    assert row.holds, row


def test_a_fork_in_an_asyncio_program(server: Server, tmp_path: Path) -> None:
    """A process forked from inside a running loop logs with the inherited AsyncTora, and delivers at its end."""
    experiment, _ = script(
        """
        def work(client):
            for step in range(10):
                client.log_nowait("worker", step, step)

        async def main():
            async with await tora.AsyncTora.create_experiment("asyncio") as client:
                print(client.experiment_id, flush=True)
                worker = multiprocessing.get_context("fork").Process(target=work, args=[client])
                worker.start()
                for step in range(10):
                    await client.log("parent", step, step)
                await asyncio.to_thread(worker.join)
                assert worker.exitcode == 0
        asyncio.run(main())
        """,
        tmp_path,
        server,
    )
    assert stored(server.url, experiment) == {"parent": 10, "worker": 10}
    assert journals(tmp_path / "data") == []


def test_a_child_of_a_child(server: Server, tmp_path: Path) -> None:
    """Forks may be nested: each process is a writer."""
    experiment, _ = script(
        """
        print(tora.setup("nested"), flush=True)
        log("parent")
        def grandchild():
            log("grandchild")
            assert tora.flush(10).stored == 10
        def child():
            log("child")
            assert in_child(grandchild) == 0
            assert tora.flush(10).stored == 10
        assert in_child(child) == 0
        """,
        tmp_path,
        server,
    )
    assert stored(server.url, experiment) == {"parent": 10, "child": 10, "grandchild": 10}
    assert len(writers(server.url, experiment)) == 3


def test_a_fork_during_the_first_call_of_another_thread(server: Server, tmp_path: Path) -> None:
    """A child forked while another thread still imports what Tora needs opens an experiment of its own."""
    first, ended = script(
        """
        import filelock  # it says, to nobody's harm, that a fork went on whose begin it had not seen

        importing = threading.Event()

        class Slow:
            def find_spec(self, name, path=None, target=None):
                if name == "aiohttp":
                    importing.set()
                    time.sleep(0.5)

        def own():
            with tora.Tora.create_experiment("child") as client:
                client.log("child", 1.0)
                print(client.experiment_id, flush=True)

        sys.meta_path.insert(0, Slow())
        thread = threading.Thread(target=lambda: print(tora.setup("fork"), flush=True))
        thread.start()
        assert importing.wait(30)
        assert in_child(own) == 0
        thread.join()
        log("parent")
        """,
        tmp_path,
        server,
    )
    both = ended.out.splitlines()
    assert len(set(both)) == 2
    counts = {name: count for run in both for name, count in stored(server.url, run).items()}
    assert counts == {
        "parent": 10,
        "child": 1,
    }
    assert first in both

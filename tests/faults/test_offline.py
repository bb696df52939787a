"""TORA_MODE=offline and disabled: what needs no server asks for none, and what does nothing leaves nothing."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.support.http import data
from tests.support.programs import Ended, journals, run, status, stored, sync, writers
from tests.support.serving import Server

WATCH = """
import asyncio, multiprocessing, os, sys, threading
import tora

# Who asks for a server, by name or address, or starts one, is caught.
def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen"}:
        print("CAUGHT", event, arguments, file=sys.stderr)
sys.addaudithook(watch)
"""

SYNC = """
with tora.Tora.create_experiment(
    "offline", description="why", hyperparams={"lr": 0.1, "net": {"depth": 2}}, tags=["a", "b"]
) as client:
    print(client.experiment_id)
    for step in range(10):
        client.log("loss", 1 / (step + 1), step)
    stats = client.flush()
    assert (stats.logged, stats.waiting) == (10, 10), stats
    assert client.url == ""
"""

GLOBAL = """
id = tora.setup("offline", None, "why", {"lr": 0.1, "net": {"depth": 2}}, ["a", "b"])
print(id)
assert (tora.get_experiment_id(), tora.get_experiment_url(), tora.is_initialized()) == (id, None, True)
for step in range(10):
    tora.tlog("loss", 1 / (step + 1), step)
"""

ASYNC = """
async def main():
    async with await tora.AsyncTora.create_experiment(
        "offline", description="why", hyperparams={"lr": 0.1, "net": {"depth": 2}}, tags=["a", "b"]
    ) as client:
        print(client.experiment_id)
        for step in range(10):
            await client.log("loss", 1 / (step + 1), step)
asyncio.run(main())
"""


def offline(script: str, folder: Path, server: Server) -> tuple[str, Ended]:
    """Run a script offline, with the address of a server that it must not ask."""
    path = folder / "script.py"
    path.write_text(WATCH + textwrap.dedent(script), encoding="utf-8")
    ended = run(path, folder / "data", TORA_MODE="offline", TORA_SERVER_URL=server.url)
    assert "CAUGHT" not in ended.err
    return ended.out.partition("\n")[0], ended


@pytest.mark.parametrize("script", [SYNC, GLOBAL, ASYNC], ids=["sync", "global", "async"])
def test_an_offline_run_is_brought_by_sync(script: str, server: Server, tmp_path: Path) -> None:
    """The id is the client's own, and `tora sync` creates the experiment with it, with all that belongs to it."""
    experiment, ended = offline(script, tmp_path, server)
    assert ended.code == 0
    assert f"10 of 10 metrics of experiment {experiment} are not on the server yet" in ended.err
    for _ in range(2):
        assert sync(tmp_path / "data").code == 0
        shown = data(f"{server.url}/experiments/{experiment}")
        assert (shown["name"], shown["description"], shown["tags"]) == ("offline", "why", ["a", "b"])
        assert {pair["key"]: pair["value"] for pair in shown["hyperparams"]} == {"lr": 0.1, "net.depth": 2}
        assert shown["status"] == "finished"
        assert stored(server.url, experiment) == {"loss": 10}
    assert journals(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("end", "code", "expected"), [("1 / 0", 1, "failed"), ("os._exit(0)", 0, "lost"), ("pass", 0, "finished")]
)
def test_an_offline_run_ends_as_it_ended(end: str, code: int, expected: str, server: Server, tmp_path: Path) -> None:
    """Without any metric too, the experiment is there, with the status that its program left."""
    script = f"print(tora.setup('offline'), flush=True)\n{end}"
    experiment, ended = offline(script, tmp_path, server)
    assert ended.code == code
    assert sync(tmp_path / "data").code == 0
    assert status(server.url, experiment) == expected
    assert stored(server.url, experiment) == {}


def test_offline_workers_belong_to_the_experiment(server: Server, tmp_path: Path) -> None:
    """Forked children and pickled handles write journals of their own; none of them creates or ends the experiment."""
    experiment, ended = offline(
        """
        def work(client):
            client.log("worker", 1.0)

        if __name__ == "__main__":
            client = tora.Tora.create_experiment("offline")
            print(client.experiment_id, flush=True)
            client.log("parent", 1.0)
            for method in ("fork", "spawn"):
                worker = multiprocessing.get_context(method).Process(target=work, args=[client])
                worker.start()
                worker.join()
                assert worker.exitcode == 0
            1 / 0
        """,
        tmp_path,
        server,
    )
    assert ended.code == 1
    assert len(journals(tmp_path / "data")) == 3
    assert sync(tmp_path / "data").code == 0
    assert stored(server.url, experiment) == {"parent": 1, "worker": 2}
    assert status(server.url, experiment) == "failed"
    assert sorted(writers(server.url, experiment).values()) == ["failed", "finished", "finished"]


def test_an_experiment_is_continued_offline(server: Server, tmp_path: Path) -> None:
    """load_experiment asks nobody; its metrics come with `tora sync`."""
    experiment = run(
        "import tora; print(tora.setup('online'))", tmp_path / "data", TORA_SERVER_URL=server.url
    ).out.strip()
    _, ended = offline(f"tora.Tora.load_experiment({experiment!r}).log('later', 1.0)", tmp_path, server)
    assert ended.code == 0
    assert sync(tmp_path / "data").code == 0
    assert stored(server.url, experiment) == {"later": 1}


def test_offline_needs_no_http(tmp_path: Path) -> None:
    """A client that asks no server does not load what would ask it."""
    ended = run(f"import sys, tora\n{SYNC}\nprint('aiohttp' in sys.modules)", tmp_path, TORA_MODE="offline")
    assert ended.out.splitlines()[1] == "False"


def test_offline_without_a_folder_says_what_to_do(tmp_path: Path) -> None:
    """Where no journal can be written there is nothing to be offline with: it is an error at once."""
    (tmp_path / "file").write_text("no folder")
    script = "import tora\ntry:\n    tora.setup('x')\nexcept tora.ToraConfigurationError as error:\n    print(error)"
    ended = run(script, tmp_path / "file", TORA_MODE="offline")
    assert "TORA_DIR" in ended.out
    assert (ended.code, ended.err) == (0, "")


def test_disabled_leaves_nothing(tmp_path: Path) -> None:
    """Every call works and does nothing: no file, no thread, no server, no socket, and no HTTP library."""
    script = WATCH + textwrap.dedent("""
        import copy, pickle
        async def main():
            async with await tora.AsyncTora.create_experiment("off") as client:
                await client.log("loss", "not even a number")
                await client.flush()
            id = await tora.aio.setup("off")
            await tora.aio.tlog("loss", 1.0)
            await tora.aio.shutdown()

        if __name__ == "__main__":
            id = tora.setup("off")
            assert tora.is_initialized() and tora.get_experiment_id() == id and tora.get_experiment_url() is None
            tora.tlog("loss", 1.0)
            assert tora.flush().logged == 0
            tora.shutdown()
            with tora.Tora.create_experiment("off") as client:
                client.log("loss", 1.0)
                client.log_metrics({"a": 1.0})
                client.max_buffer_len = 3
                for other in (copy.copy(client), pickle.loads(pickle.dumps(client))):
                    other.log("loss", 1.0)
                    assert other.stats.logged == 0
            tora.Tora.load_experiment("any").log("loss", 1.0)
            if os.fork() == 0:
                tora.tlog("loss", 1.0) if tora.is_initialized() else None
                sys.exit()
            os.wait()
            print(threading.active_count(), "aiohttp" in sys.modules)
            asyncio.run(main())
    """)
    ended = run(script, tmp_path / "data", TORA_MODE="disabled")
    assert (ended.code, ended.out, ended.err) == (0, "1 False\n", "")
    assert not (tmp_path / "data").exists()

"""Handles in other processes: who ends what, and what the killed ones leave."""

from __future__ import annotations

import asyncio
import pickle
import signal
from pathlib import Path

import tora
from tests.support.http import data
from tests.support.journals import LINES, new_experiment
from tests.support.polling import aio_until
from tests.support.programs import program, status, stored, sync, writers
from tests.support.scripted import Asked, Reply, scripted
from tests.support.serving import Server
from tora import Tora
from tora._async.journal import Header, Journal, journal_dir

WORKER = """
import pickle, sys
from pathlib import Path

client = pickle.loads(Path({handle!r}).read_bytes())
while word := input():
    client.log(word, 1.0)
    print(client.flush(20).stored, flush=True)
"""


def test_neither_end_is_the_others(server: Server, tmp_path: Path) -> None:
    """The driver's end stops no worker, a worker's finishes nothing, and the experiment ends when its creator does."""
    driver = Tora.create_experiment("handles", server_url=server.url)
    handle = tmp_path / "handle"
    handle.write_bytes(pickle.dumps(driver))
    script = WORKER.format(handle=str(handle))
    with program(script, tmp_path / "one") as first, program(script, tmp_path / "two", TORA_LABELS="rank=1") as second:
        for worker in (first, second):
            worker.tell("early")
        assert [first.heard(), second.heard()] == ["1", "1"]
        first.tell()
        assert first.wait().code == 0
        assert status(server.url, driver.experiment_id) == "running"
        driver.log("driver", 1.0)
        driver.shutdown()
        assert status(server.url, driver.experiment_id) == "finished"
        second.tell("late")
        assert second.heard() == "2"
        second.tell()
        assert second.wait().code == 0
    assert status(server.url, driver.experiment_id) == "finished"
    assert stored(server.url, driver.experiment_id) == {"early": 2, "late": 1, "driver": 1}
    assert list(writers(server.url, driver.experiment_id).values()) == ["finished"] * 3


def test_a_killed_worker_keeps_its_labels(server: Server, tmp_path: Path) -> None:
    """What it left is sent by `tora sync`, which says what it was too."""
    with Tora.create_experiment("handles", server_url=server.url) as driver:
        script = f"""
        import tora

        client = tora.handle({driver.experiment_id!r}, server_url={server.url!r}, labels={{"rank": 3}})
        for step in range(1000):
            client.log("reward", 1.0, step)
        print("logged", flush=True)
        input()
        """
        with program(script, tmp_path / "data") as worker:
            assert worker.heard() == "logged"
            worker.send(signal.SIGKILL)
            worker.wait()
        assert sync(tmp_path / "data").code == 0
        assert stored(server.url, driver.experiment_id) == {"reward": 1000}
        found = data(f"{server.url}/experiments/{driver.experiment_id}/writers")
        assert [one["labels"] for one in found if one["status"] == "lost"] == [{"rank": "3"}]


def test_labels_in_a_journal_reach_the_server(server: Server, tmp_path: Path) -> None:
    """Also those of a writer that no server has heard of, beside journals of versions without labels."""
    experiment = new_experiment(server.url)
    folder = journal_dir(tmp_path)
    labelled = Journal.create(folder, Header(server.url, experiment, "labelled", labels={"rank": "3"}))
    older = Journal.create(folder, Header(server.url, experiment, "older"))
    for journal in (labelled, older):
        journal.append(b"".join(LINES))
        journal.close(remove=False)
    text = older.path.read_text(encoding="utf-8").replace(',"labels":null', "", 1)
    older.path.write_text(text, encoding="utf-8")
    older.path.with_suffix(".ack").unlink()
    assert sync(tmp_path).code == 0
    assert stored(server.url, experiment) == {"loss": 2 * len(LINES)}
    found = data(f"{server.url}/experiments/{experiment}/writers")
    assert {one["writer"]: one["labels"] for one in found} == {"labelled": {"rank": "3"}, "older": {}}


def test_an_older_server_takes_the_end_without_labels(tmp_path: Path) -> None:
    """Where it refuses the field the end is told once more without it, and the journal is gone."""
    refused = {"status": 400, "error": {"code": "validation", "message": "unknown field `labels`"}}

    def answer(asked: Asked) -> Reply | None:
        return Reply(400, refused) if "labels" in (asked.body or {}) else None

    with scripted(answer) as script:
        journal = Journal.create(journal_dir(tmp_path), Header(script.url, "scripted", "w", labels={"rank": "3"}))
        journal.append(LINES[0])
        journal.close(remove=False)
        assert sync(tmp_path).code == 0
        assert not journal.path.exists()
    ends = [asked.body for asked in script.asked if asked.path.endswith("/heartbeat")]
    assert [("labels" in end, end["status"]) for end in ends] == [(True, "lost"), (False, "lost")]


def test_a_handle_belongs_to_its_loop_whoever_logs_first(server: Server) -> None:
    """A worker that is opened in a loop and logged to from a thread alone is delivered by that loop."""

    async def main() -> None:
        async with await tora.AsyncTora.create_experiment("handles", server_url=server.url) as client:
            worker = await tora.aio.handle(client.experiment_id, server_url=server.url, max_buffer_len=1)
            await asyncio.to_thread(worker.log_nowait, "reward", 1.0)
            await aio_until(lambda: worker.stats.stored == 1, "delivery without a flush")
            await worker.shutdown()

    asyncio.run(main())

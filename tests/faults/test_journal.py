"""The journal, cut and damaged in every way that a crash or a disk can."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.http import data, summaries
from tests.support.journals import LINES, left_behind, new_experiment
from tests.support.scripted import Reply, scripted
from tests.support.serving import Server
from tora._async.adoption import SendingError, adopt_all, look_around, send_orphan
from tora._async.http import Endpoint
from tora._async.journal import Header, Journal, JournalBusyError, JournalError, end_line, journal_dir


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(min_value=0, max_value=sum(map(len, LINES)) + 200))
async def test_all_whole_lines_before_any_cut_are_delivered(
    server: Server, tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Wherever a journal is cut off, the metrics whose lines are whole are stored, and nothing crashes."""
    experiment = new_experiment(server.url)
    path = left_behind(tmp_path_factory.mktemp("cut"), server.url, experiment)
    whole = path.read_bytes()
    kept = whole[:cut]
    path.write_bytes(kept)
    header_end = whole.index(b"\n") + 1
    expected = kept[header_end:].count(b"\n") if len(kept) >= header_end else None
    if expected is None:
        with pytest.raises(SendingError, match=str(path)):
            await send_orphan(path, Endpoint(server.url, None))
        assert path.exists()
        return
    assert await send_orphan(path, Endpoint(server.url, None)) == expected
    assert not path.exists()
    found = summaries(server.url, experiment)
    assert (found["loss"]["count"] if found else 0) == expected


async def test_sending_twice_stores_once(server: Server, tmp_path: Path) -> None:
    """A journal whose acknowledgement was lost is sent again, and the server recognises every metric."""
    experiment = new_experiment(server.url)
    path = left_behind(tmp_path, server.url, experiment)
    whole = path.read_bytes()
    for _ in range(2):
        path.write_bytes(whole)
        assert await send_orphan(path, Endpoint(server.url, None)) == len(LINES)
    assert summaries(server.url, experiment)["loss"]["count"] == len(LINES)


async def test_a_note_of_what_was_acknowledged_is_used(server: Server, tmp_path: Path) -> None:
    """What the note beside the journal calls stored is not sent again; a note that makes no sense is ignored."""
    experiment = new_experiment(server.url)
    path = left_behind(tmp_path, server.url, experiment)
    journal, _, offset = Journal.open(path)
    journal.acknowledge(10, offset + sum(map(len, LINES[:10])))
    journal.close(remove=False)
    assert await send_orphan(path, Endpoint(server.url, None)) == len(LINES) - 10

    for note in (b"garbage", b"", b"%020d %020d\n" % (5, 17), b"%020d %020d\n" % (5, 10**9)):
        experiment = new_experiment(server.url)
        path = left_behind(tmp_path, server.url, experiment)
        path.with_suffix(".ack").write_bytes(note)
        assert await send_orphan(path, Endpoint(server.url, None)) == len(LINES)
        assert summaries(server.url, experiment)["loss"]["count"] == len(LINES)


async def test_damaged_lines_are_skipped_and_named(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Garbage in the middle costs only itself: the metrics before and behind it keep their numbers."""
    experiment = new_experiment(server.url)
    path = left_behind(tmp_path, server.url, experiment)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[5:8] = [b"\xff\xfe\x00 garbage\n", b'{"name": 1}\n', b"\n"]
    path.write_bytes(b"".join(lines))
    assert await send_orphan(path, Endpoint(server.url, None)) == len(LINES) - 3
    assert summaries(server.url, experiment)["loss"]["count"] == len(LINES) - 3
    assert [record.getMessage() for record in caplog.records if str(path) in record.getMessage()]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"garbage\n",
        b"[]\n",
        b'{"tora": 1}\n',
        b'{"tora": 99, "server": "", "experiment": "e", "writer": "w"}\n{"name":"x","value":1}\n',
    ],
)
async def test_what_is_no_journal_is_one_warning_and_stays(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is empty, garbage or newer is named once and left alone; the others are found."""
    strange = journal_dir(tmp_path) / "strange.jsonl"
    path = left_behind(tmp_path, "", "e")
    strange.write_bytes(content)
    found = look_around(tmp_path)
    assert [orphan.path for orphan in found.orphans] == [path]
    assert [str(strange) in reason for reason in found.strange] == [True]
    with scripted() as script, caplog.at_level(logging.WARNING, "tora"):
        await adopt_all(tmp_path, Endpoint(script.url, None, local=True))
        assert len(script.metrics()) == len(LINES)
    assert [str(strange) in record.getMessage() for record in caplog.records] == [True]
    assert strange.read_bytes() == content


def test_a_journal_belongs_to_one_process(tmp_path: Path) -> None:
    """While its owner lives nobody else opens it, and it is no orphan."""
    header = Header(server="", experiment="e", writer="w")
    journal = Journal.create(journal_dir(tmp_path), header)
    with pytest.raises(JournalBusyError):
        Journal.open(journal.path)
    assert (look_around(tmp_path).orphans, look_around(tmp_path).busy) == ([], 1)
    journal.close(remove=False)
    assert [orphan.header for orphan in look_around(tmp_path).orphans] == [header]


def test_rewinding_goes_on_with_the_next_number(tmp_path: Path) -> None:
    """An emptied journal says which number comes next, so that nothing is numbered twice."""
    journal = Journal.create(journal_dir(tmp_path), Header(server="", experiment="e", writer="w"))
    journal.append(b"".join(LINES))
    journal.rewind(len(LINES) + 1)
    journal.append(LINES[0])
    journal.close(remove=False)
    again, count, offset = Journal.open(journal.path)
    assert (again.header.first_seq, count, again.read(offset)) == (len(LINES) + 1, 0, LINES[0])
    again.close(remove=True)
    assert list(journal_dir(tmp_path).iterdir()) == []


def test_a_file_cut_between_the_steps_of_a_rewind_is_no_journal(tmp_path: Path) -> None:
    """A crash that leaves the file empty loses nothing: all of it was stored."""
    path = left_behind(tmp_path, "", "e")
    path.write_bytes(b"")
    with pytest.raises(JournalError, match="empty"):
        Journal.open(path)


async def test_the_end_that_a_writer_noted_is_told(tmp_path: Path) -> None:
    """The status of a writer that ended while the server was away reaches the server behind its metrics."""
    path = left_behind(tmp_path, "", "e")
    with path.open("ab") as file:
        file.write(end_line("finished"))
    with scripted() as script:
        assert await send_orphan(path, Endpoint(script.url, None)) == len(LINES)
        assert [(asked.path, asked.body) for asked in script.asked if "heartbeat" in asked.path] == [
            ("/experiments/e/heartbeat", {"writer": "w1", "status": "finished"})
        ]


async def test_a_killed_writer_shows_as_lost(server: Server, tmp_path: Path) -> None:
    """Once the journal of a killed owner is sent, its experiment does not look alive."""
    experiment = new_experiment(server.url, writer="w1")
    path = left_behind(tmp_path, server.url, experiment)
    await send_orphan(path, Endpoint(server.url, None))
    assert data(f"{server.url}/experiments/{experiment}")["status"] == "lost"


async def test_a_refusal_keeps_the_journal(tmp_path: Path) -> None:
    """What a server refuses stays, with what was stored by then noted, and the reason is given."""
    path = left_behind(tmp_path, "", "e")
    whole = path.read_bytes()
    refusal = msgspec.json.encode({"status": 404, "error": {"code": "not_found", "message": "gone for good"}})
    with scripted(lambda _: Reply(404, refusal)) as script, pytest.raises(SendingError, match="gone for good"):
        await send_orphan(path, Endpoint(script.url, None))
    assert path.read_bytes() == whole


def test_shortening_keeps_what_waits_and_its_numbers(tmp_path: Path) -> None:
    """What is acknowledged is cut off; the rest keeps its numbers, and the file stays its owner's."""
    journal = Journal.create(journal_dir(tmp_path), Header(server="", experiment="e", writer="w"))
    offset = journal.end + sum(map(len, LINES[:30]))
    journal.append(b"".join(LINES))
    journal.shorten(31, offset)
    journal.append(LINES[0])
    assert look_around(tmp_path).busy == 1
    journal.close(remove=False)
    again, count, offset = Journal.open(journal.path)
    assert (again.header.first_seq, count, again.read(offset)) == (31, 0, b"".join([*LINES[30:], LINES[0]]))
    again.close(remove=True)
    assert list(journal_dir(tmp_path).iterdir()) == []


def test_a_crash_behind_the_shortening_is_harmless(tmp_path: Path) -> None:
    """A note that still speaks of the longer file is ignored: it lies beyond the shorter one's end."""
    journal = Journal.create(journal_dir(tmp_path), Header(server="", experiment="e", writer="w"))
    offset = journal.end + sum(map(len, LINES[:30]))
    journal.append(b"".join(LINES))
    journal.acknowledge(30, offset)
    note = journal.path.with_suffix(".ack").read_bytes()
    journal.shorten(31, offset)
    journal.close(remove=False)
    journal.path.with_suffix(".ack").write_bytes(note)
    again, count, offset = Journal.open(journal.path)
    assert (again.header.first_seq, count, again.read(offset)) == (31, 0, b"".join(LINES[30:]))
    again.close(remove=True)

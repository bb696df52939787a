"""The metric buffer: in order, numbered without a gap, and accounted for, whatever comes in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.disk import file_size_limit
from tests.support.polling import until
from tests.support.serving import UNMEASURED, clean_environment
from tora._async import buffer as buffer_module
from tora._async import intake
from tora._async.buffer import MetricBuffer
from tora._async.journal import Header, Journal, journal_dir
from tora._async.lines import Waiting
from tora.errors import ToraMetricError
from tora.models import Stats


def line(number: int, length: int = 30) -> bytes:
    """Return a line that names its number."""
    return (b'{"name":"%d","value":1}' % number).ljust(length, b" ") + b"\n"


def new_buffer(folder: Path, writer: str = "w") -> MetricBuffer:
    """Return a buffer with a journal in a folder."""
    return MetricBuffer(lambda first: Journal.create(journal_dir(folder), Header("", "e", writer, first)), lambda: None)


def in_the_file(folder: Path, writer: str = "w") -> dict[int, bytes]:
    """Return what is in a journal, by number, read as the one who adopts it would."""
    data = (journal_dir(folder) / f"{writer}.jsonl").read_bytes()
    header = msgspec.json.decode(data[: data.index(b"\n")], type=Header)
    lines = data[data.index(b"\n") + 1 : data.rindex(b"\n") + 1].splitlines(keepends=True)
    return dict(enumerate(lines, header.first_seq))


def split(waiting: Waiting) -> list[bytes]:
    """Return the lines one by one."""
    lines = waiting.lines.splitlines(keepends=True)
    assert len(lines) == waiting.count
    return lines


def adds_up(stats: Stats) -> bool:
    """Whether every metric is accounted for."""
    return stats.logged == stats.stored + stats.waiting + stats.dropped


def drain(buffer: MetricBuffer, most: int = 1000) -> list[bytes]:
    """Take all that waits, as a server that stores everything would, and return it."""
    taken: list[bytes] = []
    while (waiting := buffer.peek(most, 10**6)) is not None:
        assert waiting.first_seq == len(taken) + 1
        taken += split(waiting)
        buffer.acknowledge(waiting)
    return taken


@contextmanager
def small_bounds() -> Iterator[None]:
    """Make the bounds so small that a few metrics reach each of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "UNSAVED_BYTES", 600)
        for name, value in {"PIECE_BYTES": 200, "REWIND_BYTES": 1000, "SHORTEN_BYTES": 1500}.items():
            patch.setattr(buffer_module, name, value)
        yield


class Accounts(RuleBasedStateMachine):
    """A buffer beside a plain list of what it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.bounds = small_bounds()
        self.bounds.__enter__()
        self.buffer = new_buffer(self.path)
        self.numbered: list[bytes] = []
        self.done = 0
        self.stored = 0
        self.dropped = 0
        self.limit: int | None = None
        self.in_flight: Waiting | None = None

    @rule(lengths=st.lists(st.integers(min_value=25, max_value=120), min_size=1, max_size=15))
    def append(self, lengths: list[int]) -> None:
        """Log some metrics."""
        for length in lengths:
            new = line(len(self.numbered) + 1, length)
            with file_size_limit(self.limit):
                self.buffer.append(new)
            if self.buffer.dropped > self.dropped:
                self.dropped += 1
            else:
                self.numbered.append(new)

    @rule(most=st.integers(min_value=1, max_value=30), most_bytes=st.integers(min_value=1, max_value=2000))
    def peek(self, most: int, most_bytes: int) -> None:
        """What is to be sent next are the next metrics in order, under their numbers."""
        self.in_flight = self.buffer.peek(most, most_bytes)
        if self.in_flight is None:
            assert self.done == len(self.numbered)
            return
        count = self.in_flight.count
        assert self.in_flight.first_seq == self.done + 1
        assert split(self.in_flight) == self.numbered[self.done : self.done + count]
        assert count == 1 or (count <= most and len(self.in_flight.lines) <= most_bytes)

    @precondition(lambda self: self.in_flight is not None)
    @rule()
    def acknowledge(self) -> None:
        """The server has what was sent, however much was logged, lost or recovered meanwhile."""
        assert self.in_flight is not None
        with file_size_limit(self.limit):
            self.buffer.acknowledge(self.in_flight)
        self.done += self.in_flight.count
        self.stored += self.in_flight.count
        self.in_flight = None

    @precondition(lambda self: self.in_flight is not None)
    @rule()
    def give_up(self) -> None:
        """The server takes the first of what was sent not even alone."""
        assert self.in_flight is not None
        alone = self.in_flight if self.in_flight.count == 1 else self.buffer.peek(1, 1)
        assert alone is not None
        assert split(alone) == split(self.in_flight)[:1]
        with file_size_limit(self.limit):
            self.buffer.give_up(alone)
        self.done += 1
        self.in_flight = None

    @rule(room=st.integers(min_value=0, max_value=300))
    def the_disk_fills(self, room: int) -> None:
        """There is room for so many bytes more."""
        path = journal_dir(self.path) / "w.jsonl"
        self.limit = (path.stat().st_size if path.exists() else 0) + room

    @rule()
    def the_disk_is_emptied(self) -> None:
        """There is room again."""
        self.limit = None

    @rule()
    def recover(self) -> None:
        """Writing to the journal is tried again; it succeeds where there is room."""
        had_trouble = self.buffer.trouble is not None
        with file_size_limit(self.limit):
            recovered = self.buffer.recover()
        assert not recovered or had_trouble
        if self.limit is None:
            assert recovered == had_trouble

    @invariant()
    def every_metric_is_accounted_for(self) -> None:
        """Logged is stored, waiting and dropped, and each is what it should be."""
        stats = self.buffer.stats(None)
        assert adds_up(stats)
        assert (stats.logged, stats.stored) == (len(self.numbered) + self.dropped, self.stored)
        assert stats.waiting == len(self.numbered) - self.done

    @invariant()
    def the_file_has_what_memory_alone_has_not(self) -> None:
        """A kill at this moment costs no metric but those in memory, and none gets another's number."""
        if self.buffer.journal_path is None:
            return
        try:
            found = in_the_file(self.path)
        except ValueError:  # emptied on a full disk, with nothing in it that was not stored
            found = {}
        saved = len(self.numbered) - len(self.buffer._unsaved)
        for number in range(self.done + 1, saved + 1):
            assert found[number] == self.numbered[number - 1]
        if self.buffer.trouble is None:
            assert not self.buffer._unsaved

    def teardown(self) -> None:
        """Closing leaves a file exactly where something waits, and counts what could not be saved."""
        with file_size_limit(self.limit):
            lost = self.buffer.close("finished")
        stats = self.buffer.stats(None)
        assert adds_up(stats)
        assert stats.waiting == len(self.numbered) - self.done - lost
        if self.limit is None:
            assert lost == 0
        path = journal_dir(self.path) / "w.jsonl"
        assert path.exists() == bool(stats.waiting)
        if stats.waiting:
            found = in_the_file(self.path)
            for number in range(self.done + 1, self.done + stats.waiting + 1):
                assert found[number] == self.numbered[number - 1]
        self.bounds.__exit__(None, None, None)
        self.folder.cleanup()


Accounts.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAccounts = Accounts.TestCase


@pytest.mark.parametrize("gil", [True, False])
def test_threads_share_a_buffer(gil: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """Whatever many threads log is taken once, in the order of its number, while it is still being logged."""
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: gil, raising=False)
    per_thread, threads = 3000, 4
    with small_bounds():
        buffer = new_buffer(tmp_path)

        def log(first: int) -> None:
            for number in range(first, first + per_thread):
                buffer.append(line(number))

        workers = [threading.Thread(target=log, args=(index * per_thread,)) for index in range(threads)]
        for worker in workers:
            worker.start()
        taken: list[bytes] = []
        deadline = time.monotonic() + 60
        while len(taken) < per_thread * threads and time.monotonic() < deadline:
            if (waiting := buffer.peek(100, 10**6)) is not None:
                assert waiting.first_seq == len(taken) + 1
                taken += split(waiting)
                buffer.acknowledge(waiting)
                assert adds_up(buffer.stats(None))
        for worker in workers:
            worker.join()
        assert sorted(taken) == sorted(line(number) for number in range(per_thread * threads))
        for index in range(threads):  # each thread's own order is kept
            own = {line(number) for number in range(index * per_thread, (index + 1) * per_thread)}
            assert [found for found in taken if found in own] == [
                line(number) for number in range(index * per_thread, (index + 1) * per_thread)
            ]
        buffer.close("finished")
    assert list(journal_dir(tmp_path).iterdir()) == []


def test_a_thread_waits_while_another_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric logged while another thread's is being written follows it, and is in the file when append returns."""
    buffer = new_buffer(tmp_path)
    buffer.append(line(0))
    inside, leave = threading.Event(), threading.Event()

    def write(fd: int, data: bytes) -> int:
        if data == line(1):
            inside.set()
            assert leave.wait(30)
        return os.write(fd, data)

    monkeypatch.setattr(intake, "_write", write)
    first = threading.Thread(target=buffer.append, args=(line(1),))
    first.start()
    assert inside.wait(30)
    second = threading.Thread(target=buffer.append, args=(line(2),))
    second.start()
    until(lambda: buffer._is_awaited, "second thread that waits")
    assert buffer.logged == 1
    leave.set()
    for thread in (first, second):
        thread.join(30)
        assert not thread.is_alive()
    assert list(in_the_file(tmp_path).values()) == drain(buffer) == [line(number) for number in range(3)]


def test_what_does_not_fit_is_read_back_in_order(tmp_path: Path) -> None:
    """All that waits comes back from the file; memory holds nothing of it."""
    with small_bounds():
        buffer = new_buffer(tmp_path)
        tracemalloc.start()
        for number in range(2000):
            buffer.append(line(number))
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert held < 2000 * len(line(0)) / 4
        assert drain(buffer, most=7) == [line(number) for number in range(2000)]
        buffer.close("finished")


def test_long_lines_are_sent_one_by_one(tmp_path: Path) -> None:
    """A line may be longer than what is read at once; no line is cut, and none is sent with more than asked for."""
    buffer = new_buffer(tmp_path)
    lines = [line(number, length=30 + 1000 * (number % 3)) for number in range(50)]
    for each in lines:
        buffer.append(each)
    assert drain(buffer, most=1) == lines
    for each in lines:
        buffer.append(each)
    taken = []
    while (waiting := buffer.peek(7, 1500)) is not None:
        assert waiting.count <= 7
        taken += split(waiting)
        buffer.acknowledge(waiting)
    assert taken == lines


def test_the_file_of_a_steady_stream_stays_small(tmp_path: Path) -> None:
    """A writer of whom something always waits, however little, does not fill the disk."""
    with small_bounds():
        buffer = new_buffer(tmp_path)
        largest = 0
        for number in range(3000):
            buffer.append(line(number))
            if number % 10 == 9 and (waiting := buffer.peek(11, 10**6)) is not None:
                buffer.append(line(number))  # while the request is under way
                buffer.acknowledge(waiting)
                assert buffer.waiting
            largest = max(largest, (journal_dir(tmp_path) / "w.jsonl").stat().st_size)
        assert largest < 6000
        buffer.close("finished")


def test_a_journal_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    """Metrics stay in memory while the folder cannot be made, and are in the file once it can."""
    (tmp_path / "journal").write_text("in the way")
    buffer = new_buffer(tmp_path)
    for number in range(10):
        buffer.append(line(number))
    assert isinstance(buffer.trouble, FileExistsError)
    assert not buffer.recover()
    (tmp_path / "journal").unlink()
    assert buffer.recover()
    assert buffer.trouble is None
    assert list(in_the_file(tmp_path).values()) == [line(number) for number in range(10)]
    assert drain(buffer) == [line(number) for number in range(10)]
    buffer.close("finished")


def test_what_only_memory_holds_at_the_end_is_counted_as_lost(tmp_path: Path) -> None:
    """Where the journal never worked, close says how many metrics go with the process."""
    (tmp_path / "journal").write_text("in the way")
    buffer = new_buffer(tmp_path)
    for number in range(10):
        buffer.append(line(number))
    assert buffer.close("finished") == 10
    assert buffer.stats(None) == Stats(logged=10, stored=0, waiting=0, dropped=10)


def test_a_closed_buffer_takes_nothing(tmp_path: Path) -> None:
    """Logging to a closed buffer raises, and leaves no trace."""
    buffer = new_buffer(tmp_path)
    buffer.append(line(1))
    buffer.refuse()
    with pytest.raises(ToraMetricError):
        buffer.append(line(2))
    assert drain(buffer) == [line(1)]
    buffer.close("finished")
    with pytest.raises(ToraMetricError):
        buffer.append(line(2))
    assert buffer.stats(None) == Stats(logged=1, stored=1, waiting=0, dropped=0)


def interrupt_next_write(patch: pytest.MonkeyPatch, handler: Callable[[], object]) -> None:
    """Call a handler once where the interpreter would: in the midst of `append`, between the write and the count."""

    def write(fd: int, data: bytes) -> int:
        written = os.write(fd, data)
        patch.setattr(intake, "_write", os.write)
        handler()
        return written

    patch.setattr(intake, "_write", write)


def test_a_signal_handler_may_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric that is logged in the midst of another's logging, by the same thread, follows it."""
    buffer = new_buffer(tmp_path)
    buffer.append(line(0))
    interrupt_next_write(monkeypatch, lambda: buffer.append(line(2)))
    buffer.append(line(1))
    buffer.append(line(3))
    assert drain(buffer) == [line(number) for number in range(4)]


def test_a_signal_handler_may_log_and_raise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a handler logs before it ends the script is kept, like what it interrupted."""
    buffer = new_buffer(tmp_path)

    def log_and_leave() -> None:
        buffer.append(line(2))
        raise SystemExit

    buffer.append(line(0))
    interrupt_next_write(monkeypatch, log_and_leave)
    with pytest.raises(SystemExit):
        buffer.append(line(1))
    assert buffer.logged == 3
    assert list(in_the_file(tmp_path).values()) == drain(buffer) == [line(number) for number in range(3)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError, OSError])
def test_what_a_signal_handler_raises_gets_through(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm's TimeoutError, too, ends the script and is not taken for trouble with the journal."""

    def fail() -> None:
        raise error

    buffer = new_buffer(tmp_path)
    buffer.append(line(1))
    interrupt_next_write(monkeypatch, fail)
    with pytest.raises(error):
        buffer.append(line(2))
    assert buffer.trouble is None
    buffer.append(line(3))
    assert list(in_the_file(tmp_path).values()) == drain(buffer) == [line(1), line(2), line(3)]


def test_a_signal_handler_may_wait_for_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The delivery task goes on while a thread is held up inside append, so that a handler there may flush."""
    buffer = new_buffer(tmp_path)
    for number in range(3):
        buffer.append(line(number))
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        leave.wait(30)

    interrupt_next_write(monkeypatch, hold)
    logger = threading.Thread(target=buffer.append, args=(line(3),))
    logger.start()
    assert inside.wait(30)
    assert drain(buffer) == [line(number) for number in range(3)]
    assert adds_up(buffer.stats(None))
    assert buffer.close("finished") == 0, "closing does not wait for it either, and leaves the file"
    assert (journal_dir(tmp_path) / "w.jsonl").exists()
    leave.set()
    logger.join(30)
    assert not logger.is_alive()


CHILD = """
import signal, sys
from pathlib import Path
from tests.faults.test_buffer import line, new_buffer

def interrupt(number, frame):
    global interrupts
    while frame is not None:
        if frame.f_code.co_filename.endswith(("buffer.py", "intake.py")):
            interrupts += 1
            raise KeyboardInterrupt
        frame = frame.f_back

folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
buffer = new_buffer(folder)
buffer.append(line(0))
returned, interrupts = 1, 0
signal.signal(signal.SIGINT, interrupt)
print("ready", flush=True)
while interrupts < rounds:
    try:
        while True:
            buffer.append(line(returned))
            returned += 1
    except KeyboardInterrupt:
        pass
signal.signal(signal.SIGINT, signal.SIG_IGN)
buffer.append(line(returned))  # settles what a last interrupt cut short
returned += 1
print(returned, interrupts, buffer.logged, flush=True)
"""


def test_interrupts_leave_the_count_and_the_file_in_step(tmp_path: Path) -> None:
    """However often Ctrl-C comes in the midst of logging, the numbers are those of the lines in the file."""
    rounds = 300
    environment = clean_environment(PYTHONPATH=os.pathsep.join(filter(None, sys.path)), **UNMEASURED)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(rounds)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        until(lambda: _interrupt(child), "end of the child", within=60, every=0.001)
        returned, interrupts, logged = map(int, child.stdout.readline().split())
    finally:
        child.kill()
        child.communicate()
    found = in_the_file(tmp_path)
    assert len(found) == logged, "each line that was counted is in the file, and none that was not"
    assert list(found) == list(range(1, logged + 1))
    assert interrupts >= rounds
    assert returned <= logged <= returned + interrupts, "an interrupted call may have logged or not"
    assert {line(number) for number in range(returned)} <= set(found.values())


def _interrupt(child: subprocess.Popen[str]) -> bool:
    for _ in range(3):  # one may come while the trouble that another made is being settled
        child.send_signal(signal.SIGINT)
    return child.poll() is not None

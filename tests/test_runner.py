"""The runner: sync calls on one private loop, from anywhere, that never hang."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.support.polling import until
from tora._sync.runner import RUNNER, Runner
from tora.errors import ToraError, ToraTimeoutError

LIMIT = 30  # seconds that a child process may take; a test that hangs fails by it

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@pytest.fixture
def runner() -> Runner:
    """A runner that no other test has used."""
    return Runner()


@contextmanager
def child(script: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script in a process of its own, which is gone at the end."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def output(script: str) -> str:
    """Return what a script prints, once it has ended well and without a word on stderr."""
    with child(script) as process:
        printed, complaints = process.communicate(timeout=LIMIT)
    assert (process.returncode, complaints) == (0, "")
    return printed


async def add(first: int, second: int = 0, *, third: int = 0) -> int:
    """Return a sum, after a turn of the loop."""
    await asyncio.sleep(0)
    return first + second + third


# --- Calls ----------------------------------------------------------------------------------------


def test_a_call_returns_what_the_coroutine_returns(runner: Runner) -> None:
    """Arguments reach the coroutine and its result comes back."""
    assert runner.run(add, 1, 2, third=3) == 6


def test_a_call_raises_what_the_coroutine_raises(runner: Runner) -> None:
    """The very exception of the coroutine is raised in the calling thread."""
    error = LookupError("gone")

    async def fail() -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        runner.run(fail)
    assert caught.value is error


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_an_exception_that_ends_programs_reaches_the_caller_and_not_the_loop(
    runner: Runner, error: type[BaseException]
) -> None:
    """The loop goes on after a coroutine that wanted to end the program."""

    async def end() -> None:
        raise error

    with pytest.raises(error):
        runner.run(end)
    assert runner.run(add, 1) == 1


def test_the_loop_survives_a_callback_that_wants_to_end_it(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    """SystemExit from a bare callback is reported, and the loop serves on."""

    async def leave_a_trap() -> None:
        asyncio.get_running_loop().call_soon(sys.exit, 3)

    runner.run(leave_a_trap)
    assert runner.run(add, 1) == 1
    assert "tried to end it" in caplog.text


def test_a_cancelled_call_raises_a_tora_error(runner: Runner) -> None:
    """Sync code never sees asyncio's CancelledError."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(ToraError, match="cancelled"):
        runner.run(cancelled)


def test_nothing_runs_before_the_first_call(runner: Runner) -> None:
    """The loop's thread is started by the first call and kept."""
    assert not runner.is_running
    thread = runner.run(current_thread)
    assert runner.is_running
    assert (thread.name, thread.daemon) == ("tora", True)
    assert runner.run(current_thread) is thread


async def current_thread() -> threading.Thread:
    """Return the thread that runs this."""
    return threading.current_thread()


def test_many_threads_share_one_loop(runner: Runner) -> None:
    """First calls at the same moment start one thread, and each gets its own answer."""
    together = threading.Barrier(32)

    def call(number: int) -> tuple[int, threading.Thread]:
        together.wait()
        return runner.run(add, number), runner.run(current_thread)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(call, range(32)))
    assert [number for number, _ in answers] == list(range(32))
    assert len({thread for _, thread in answers}) == 1


def test_a_call_works_inside_another_running_loop(runner: Runner) -> None:
    """A program that has a loop of its own, as Jupyter does, can make sync calls on it."""

    async def program() -> int:
        return runner.run(add, 1, 2)

    assert asyncio.run(program()) == 3


def test_a_call_from_the_loops_own_thread_is_refused(runner: Runner) -> None:
    """It would wait for itself; it raises an error that names the way out."""

    async def call_again() -> int:
        return runner.run(add, 1)

    with pytest.raises(ToraError, match="AsyncTora"):
        runner.run(call_again)


def test_a_finished_call_leaves_no_cycle_behind(runner: Runner) -> None:
    """A failed call is freed at once, with all that its frames hold, and not by the garbage collector."""
    freed = threading.Event()

    class Held:
        def __del__(self) -> None:
            freed.set()

    async def fail(held: Held) -> None:
        raise LookupError(type(held).__name__)

    gc.disable()
    try:
        with pytest.raises(LookupError):
            runner.run(fail, Held())
        until(freed.is_set, "freed argument")
    finally:
        gc.enable()


# --- Limits ---------------------------------------------------------------------------------------


def test_a_bounded_call_ends_in_time_though_the_loop_is_stuck(runner: Runner) -> None:
    """Not even a blocked loop holds `run_within` beyond its time."""
    release = threading.Event()

    async def block() -> None:
        release.wait(LIMIT)

    try:
        with pytest.raises(ToraTimeoutError, match=r"0\.05 s"):
            runner.run_within(0.05, block)
        with pytest.raises(ToraTimeoutError):
            runner.run_within(0.05, add, 1)
    finally:
        release.set()
    assert runner.run_within(LIMIT, add, 1) == 1


def test_a_call_that_runs_out_of_time_is_cancelled(runner: Runner) -> None:
    """What nobody waits for any more does not go on."""
    cancelled = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(ToraTimeoutError):
        runner.run_within(0.05, wait)
    assert cancelled.wait(LIMIT)


# --- Iterators ------------------------------------------------------------------------------------


def test_an_iterator_brings_all_items_in_order(runner: Runner) -> None:
    """More items than a page holds arrive complete and in order."""

    async def numbers(count: int) -> AsyncIterator[int]:
        for number in range(count):
            if number % 700 == 0:
                await asyncio.sleep(0)
            yield number

    assert list(runner.iterate(numbers, 2500)) == list(range(2500))
    assert list(runner.iterate(numbers, 0)) == []


def test_an_item_is_seen_before_the_next_one_exists(runner: Runner) -> None:
    """A stream that waits for the world does not hold back what it has already brought."""
    seen = threading.Event()

    async def stream() -> AsyncIterator[int]:
        yield 1
        await asyncio.to_thread(seen.wait, LIMIT)
        yield 2

    items = runner.iterate(stream)
    assert next(items) == 1
    seen.set()
    assert list(items) == [2]


def test_an_error_of_an_iterator_comes_after_the_items_before_it(runner: Runner) -> None:
    """Items that were there are not lost to the error that follows them."""

    async def broken() -> AsyncIterator[int]:
        yield 1
        yield 2
        raise LookupError

    items = runner.iterate(broken)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(LookupError):
        next(items)


def test_an_iterator_given_up_closes_its_source(runner: Runner) -> None:
    """Leaving a loop early ends the asynchronous generator behind it."""
    closed = threading.Event()

    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0)
        finally:
            closed.set()

    for _ in runner.iterate(endless):
        break
    assert closed.wait(LIMIT)


# --- Real processes: import, interrupts, exit ------------------------------------------------------


def test_importing_the_runner_imports_no_event_loop() -> None:
    """Asyncio, anyio and aiohttp wait for the first call."""
    assert (
        output("""
        import sys, tora._sync.runner
        print({"asyncio", "anyio", "aiohttp", "concurrent.futures"} & sys.modules.keys())
    """)
        == "set()\n"
    )


WAIT = """
    import asyncio, sys, threading, time
    from tora._sync.runner import RUNNER

    begun, cancelled = threading.Event(), threading.Event()

    async def add(a, b):
        return a + b

    async def wait():
        print("waiting", flush=True)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def block():
        print("waiting", flush=True)
        begun.set()
        time.sleep(600)
"""


def interrupted(script: str, number: int = signal.SIGINT) -> tuple[int, str]:
    """Send a signal to a script that waits in a call; return its exit code and what it prints after that."""
    with child(WAIT + script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        printed, _ = process.communicate(timeout=LIMIT)
    return process.returncode, printed


def test_an_interrupt_cancels_the_call() -> None:
    """Ctrl-C raises KeyboardInterrupt in the caller, ends the coroutine, and leaves the loop in order."""
    assert interrupted("""
    try:
        RUNNER.run(wait)
    except KeyboardInterrupt:
        print(cancelled.wait(10), RUNNER.run(add, 1, 2))
    """) == (0, "True 3\n")


def test_an_interrupt_that_another_thread_receives_ends_the_call() -> None:
    """A signal that does not reach the waiting thread itself, or came just before it waits, is handled all the same."""
    assert interrupted("""
    import signal
    RUNNER.run(add, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        RUNNER.run(wait)
    except KeyboardInterrupt:
        print(cancelled.wait(10))
    """) == (0, "True\n")


def test_an_interrupt_is_prompt_though_the_loop_is_stuck() -> None:
    """Ctrl-C gets through, and the program can end, while the loop's thread is blocked."""
    assert interrupted("""
    try:
        RUNNER.run(block)
    except KeyboardInterrupt:
        print("interrupted")
    """) == (0, "interrupted\n")


def test_a_signal_handler_can_call_while_its_thread_waits_in_a_call() -> None:
    """A handler's own call is answered in the midst of the one that it interrupts, which then goes on."""
    assert interrupted(
        """
    import signal

    async def release():
        done.set()

    async def wait_for_release():
        global done
        done = asyncio.Event()
        print("waiting", flush=True)
        await done.wait()
        return "released"

    signal.signal(signal.SIGUSR1, lambda *_: RUNNER.run(release))
    print(RUNNER.run(wait_for_release))
    """,
        signal.SIGUSR1,
    ) == (0, "released\n")


@pytest.mark.parametrize("stuck", ["wait", "block"])
def test_a_call_in_another_thread_does_not_delay_the_exit(stuck: str) -> None:
    """A program ends while a daemon thread waits in a call, whether the loop works or is stuck."""
    assert (
        output(f"""{WAIT}
    threading.Thread(target=RUNNER.run, args=({stuck},), daemon=True).start()
    begun.wait()
    """)
        == "waiting\n"
    )


def test_stuck_work_in_a_thread_of_the_loop_does_not_delay_the_exit() -> None:
    """A name lookup that never answers, as asyncio makes it, does not hold the program."""
    assert (
        output(f"""{WAIT}
    def lookup(*_, **__):
        print("waiting", flush=True)
        time.sleep(600)

    import socket
    socket.getaddrinfo = lookup

    async def connect():
        await asyncio.open_connection("tora.invalid", 80)

    try:
        RUNNER.run_within(0.2, connect)
    except TimeoutError:
        print("late")
    """)
        == "waiting\nlate\n"
    )


def test_the_loop_still_serves_at_exit() -> None:
    """An atexit callback can make calls if the loop ran before, and a bounded one ends though it is stuck."""
    assert (
        output(f"""{WAIT}
    import atexit

    def last():
        print(RUNNER.run(add, 1, 2))
        try:
            RUNNER.run_within(0.05, block)
        except TimeoutError as error:
            print(error)

    atexit.register(last)
    RUNNER.run(add, 0, 0)
    """)
        == "3\nwaiting\nTora's event loop did not finish the call within 0.05 s\n"
    )


def test_a_first_call_at_exit_answers_or_says_why_not() -> None:
    """Where the interpreter starts no thread at exit any more, a first call raises and does not hang."""
    printed = output(f"""{WAIT}
    import atexit

    @atexit.register
    def last():
        from tora.errors import ToraError
        try:
            print(RUNNER.run(add, 1, 2))
        except ToraError as error:
            print(error, RUNNER.is_running)
    """)
    assert printed == "3\n" or ("shutting down" in printed and printed.endswith("False\n"))


def test_blocking_work_on_the_loop_returns_and_raises(runner: Runner) -> None:
    """Work that the loop hands to a thread gives its result or its error, by a given executor too."""

    async def work(executor: ThreadPoolExecutor | None, func: Callable[[str], int], text: str) -> int:
        return await asyncio.get_running_loop().run_in_executor(executor, func, text)

    assert runner.run(work, None, int, "7") == 7
    with ThreadPoolExecutor(1) as pool:
        assert runner.run(work, pool, int, "7") == 7
    with pytest.raises(ValueError, match="seven"):
        runner.run(work, None, int, "seven")


# --- Real processes: fork --------------------------------------------------------------------------

FORK = f"""{WAIT}
    import os

    def in_child(func):
        child = os.fork()
        if child == 0:
            sys.exit(func())
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


@needs_fork
def test_a_forked_child_starts_a_loop_of_its_own() -> None:
    """The child's first call starts a new thread, and the parent's loop serves on."""
    assert (
        output(f"""{FORK}
    async def pid():
        return os.getpid()

    def check():
        fresh = not RUNNER.is_running
        return 0 if fresh and RUNNER.run(pid) == os.getpid() else 1

    RUNNER.run(add, 0, 0)
    print(in_child(check), in_child(check), RUNNER.run(pid) == os.getpid())
    """)
        == "0 0 True\n"
    )


@needs_fork
def test_a_fork_while_other_threads_are_in_calls_does_not_deadlock() -> None:
    """The child's calls work however many of the parent's threads were calling, starting the loop, or waiting."""
    assert (
        output(f"""{FORK}
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            RUNNER.run(add, 1, 2)

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    print({{in_child(lambda: RUNNER.run_within(10, add, 1, 2) - 3) for _ in range(50)}})
    stop.set()
    for thread in threads:
        thread.join()
    """)
        == "{0}\n"
    )


@needs_fork
def test_a_fork_while_the_loop_is_being_started_does_not_deadlock() -> None:
    """Of all the moments of a first call, imports among them, none leaves a child that cannot call."""
    assert (
        output(f"""{FORK}
    def race():
        first = threading.Thread(target=RUNNER.run, args=(add, 1, 2))
        first.start()
        time.sleep(random.random() * 0.05)
        code = in_child(lambda: RUNNER.run_within(10, add, 1, 2) - 3)
        first.join()
        return code

    import random
    print({{in_child(race) for _ in range(20)}})
    """)
        == "{0}\n"
    )


@needs_fork
def test_a_child_cannot_harm_the_connections_of_its_parent() -> None:
    """What a child closes or frees of the inherited loop stays open and served in the parent."""
    assert (
        output(f"""{FORK}
    async def open_echo():
        async def echo(reader, writer):
            while line := await reader.readline():
                writer.write(line)
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        return server, *await asyncio.open_connection(*server.sockets[0].getsockname())

    async def ask(text):
        writer.write(text)
        return await reader.readline()

    def close_all():
        writer.write(b"from the child\\n")
        writer.transport.abort()
        writer.close()
        server.close()
        return RUNNER.run(add, 0, 0)

    server, reader, writer = RUNNER.run(open_echo)
    print(RUNNER.run(ask, b"before\\n"), in_child(close_all), RUNNER.run_within(10, ask, b"after\\n"))
    """)
        == r"b'before\n' 0 b'after\n'" + "\n"
    )


# --- Types ----------------------------------------------------------------------------------------


def test_the_types_of_a_call_are_those_of_its_coroutine() -> None:
    """The type checker knows the arguments and the result of a call (this function is checked, not only run)."""
    result: int = RUNNER.run(add, 1, third=2)
    items: Iterator[str] = RUNNER.iterate(letters)
    call: Callable[[], Awaitable[int]] = lambda: add(1)  # noqa: E731
    assert (result, list(items), RUNNER.run(call)) == (3, ["a", "b"], 1)


async def letters() -> AsyncIterator[str]:
    """Yield two letters."""
    yield "a"
    yield "b"

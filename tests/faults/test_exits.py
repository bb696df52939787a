"""Every way out of a program: bounded, with the right status and word, and nothing lost."""

from __future__ import annotations

import signal
import textwrap
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.support.polling import until
from tests.support.programs import Ended, journals, program, run, silent, status, stored, sync
from tests.support.serving import UNMEASURED, Server, serving

TIMEOUT = 1.0  # TORA_TIMEOUT of the programs here
BOUND = 12.0  # far below the 30 s that a request may take, far above what a busy machine adds to TIMEOUT

BEGIN = """
import asyncio, os, signal, sys, threading, time
import tora

# Whoever measures coverage may handle SIGTERM, and Tora leaves a handler alone.
signal.signal(signal.SIGTERM, signal.SIG_DFL)

def go_on(id):
    print(id, flush=True)
    input()

def log(client, metrics=5):
    for step in range(metrics):
        client.log("loss", 1 / (step + 1), step)

async def alog(client, metrics=5):
    for step in range(metrics):
        await client.log("loss", 1 / (step + 1), step)

def wait():
    print("waiting", flush=True)
    for _ in range(600):  # in pieces: a signal just before a sleep does not interrupt it
        time.sleep(0.1)
"""

GLOBAL = """
go_on(tora.setup("exit"))
for step in range(5):
    tora.tlog("loss", 1 / (step + 1), step)
"""

CLIENT = """
client = tora.Tora.create_experiment("exit")
go_on(client.experiment_id)
"""

ASYNC = """
async def main():
    client = await tora.AsyncTora.create_experiment("exit")
    go_on(client.experiment_id)
    await alog(client)
"""

# Asked for such warnings, asyncio says of a loop that it was not closed, or of what was open in it.
UNTIDY = """
import warnings
warnings.simplefilter("ignore", ResourceWarning)
"""

# name -> script, signal once it waits, exit code, status
WAYS: dict[str, tuple[str, signal.Signals | None, int, str]] = {
    "shutdown": (GLOBAL + "tora.shutdown()", None, 0, "finished"),
    "end of the script": (GLOBAL, None, 0, "finished"),
    "exception": (GLOBAL + "1 / 0", None, 1, "failed"),
    "sys.exit(0)": (GLOBAL + "sys.exit(0)", None, 0, "finished"),
    # The interpreter keeps no note of this one; docs/how-to/processes.md says so.
    "sys.exit(3)": (GLOBAL + "sys.exit(3)", None, 3, "finished"),
    "Ctrl-C": (GLOBAL + "wait()", signal.SIGINT, -signal.SIGINT, "stopped"),
    "SIGTERM": (GLOBAL + "wait()", signal.SIGTERM, -signal.SIGTERM, "stopped"),
    "with": (CLIENT + "with client: log(client)", None, 0, "finished"),
    "exception in with": (CLIENT + "with client: log(client); 1 / 0", None, 1, "failed"),
    "sys.exit(3) in with": (CLIENT + "with client: log(client); sys.exit(3)", None, 3, "failed"),
    "Ctrl-C in with": (CLIENT + "with client: log(client); wait()", signal.SIGINT, -signal.SIGINT, "stopped"),
    "thread": (
        """
def work():
    go_on(tora.setup("exit"))
    for step in range(5):
        tora.tlog("loss", 1 / (step + 1), step)
thread = threading.Thread(target=work)
thread.start()
thread.join()
""",
        None,
        0,
        "finished",
    ),
    "thread that outlives the script": (
        """
id = tora.setup("exit")
begun = threading.Event()
def work():
    begun.set()
    threading.main_thread().join()
    for step in range(5):
        tora.tlog("loss", 1 / (step + 1), step)
threading.Thread(target=work).start()
begun.wait()
go_on(id)
""",
        None,
        0,
        "finished",
    ),
    "asyncio": (ASYNC + "    await client.shutdown()\nasyncio.run(main())", None, 0, "finished"),
    "asyncio without shutdown": (ASYNC + "asyncio.run(main())", None, 0, "finished"),
    "asyncio, exception": (ASYNC + "    1 / 0\nasyncio.run(main())", None, 1, "failed"),
    "asyncio, async with": (ASYNC + "    async with client: pass\nasyncio.run(main())", None, 0, "finished"),
    "asyncio, Ctrl-C": (
        ASYNC + "    print('waiting', flush=True)\n    await asyncio.sleep(60)\nasyncio.run(main())",
        signal.SIGINT,
        -signal.SIGINT,
        "stopped",
    ),
    "asyncio, Ctrl-C in async with": (
        ASYNC + "    async with client:\n        print('waiting', flush=True)\n        await asyncio.sleep(60)\n"
        "asyncio.run(main())",
        signal.SIGINT,
        -signal.SIGINT,
        "stopped",
    ),
    "asyncio, cancelled task": (
        ASYNC.replace("async def main()", "async def work(begun)")
        + """
    async with client:
        begun.set()
        await asyncio.Event().wait()
async def main():
    begun = asyncio.Event()
    task = asyncio.create_task(work(begun))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
asyncio.run(main())
""",
        None,
        0,
        "stopped",
    ),
    "asyncio, tora.aio": (
        """
async def main():
    go_on(await tora.aio.setup("exit"))
    for step in range(5):
        await tora.aio.tlog("loss", 1 / (step + 1), step)
asyncio.run(main())
""",
        None,
        0,
        "finished",
    ),
    "asyncio, the loop closed under the client": (
        UNTIDY + ASYNC + "loop = asyncio.new_event_loop()\nloop.run_until_complete(main())\nloop.close()",
        None,
        0,
        "finished",
    ),
    "asyncio, the loop left as it is": (
        UNTIDY + ASYNC + "loop = asyncio.new_event_loop()\nloop.run_until_complete(main())",
        None,
        0,
        "finished",
    ),
    "asyncio and setup, SIGTERM": (
        """
async def main():
    go_on(tora.setup("exit"))
    for step in range(5):
        tora.tlog("loss", 1 / (step + 1), step)
    wait()
asyncio.run(main())
""",
        signal.SIGTERM,
        -signal.SIGTERM,
        "stopped",
    ),
}

NOISE = (
    "Task was destroyed",
    "Unclosed",
    "Exception ignored",
    "never awaited",
    "never retrieved",
    "Warning",
    "/tora/_",
)


def leave(way: str, server: Server, folder: Path, *, unanswered: bool) -> tuple[str, Ended]:
    """Run a program to its end by one way, which it begins once the server is stopped, if that is wanted."""
    script, number, _, _ = WAYS[way]
    settings = {"TORA_SERVER_URL": server.url, "TORA_TIMEOUT": str(TIMEOUT if unanswered else 30)}
    with program(BEGIN + script, folder, **settings) as running:
        experiment = running.heard()
        with silent(server) if unanswered else nullcontext():
            running.tell()
            if number is not None:
                assert running.heard() == "waiting"
                running.send(number)
            return experiment, running.wait()


def assert_quiet(ended: Ended) -> None:
    """There is nothing but the program's own traceback and words of Tora's."""
    assert [line for line in ended.err.splitlines() if any(noise in line for noise in NOISE)] == []
    assert ended.out == ""


@pytest.mark.parametrize("way", WAYS)
def test_leaving_delivers_and_says_how_it_ended(way: str, server: Server, tmp_path: Path) -> None:
    """With a server that answers all is stored at the end, with the right status, without a word or a file left."""
    experiment, ended = leave(way, server, tmp_path, unanswered=False)
    _, _, code, expected = WAYS[way]
    assert ended.code == code, ended.err
    assert_quiet(ended)
    assert "Tora:" not in ended.err
    assert stored(server.url, experiment) == {"loss": 5}
    assert status(server.url, experiment) == expected
    assert journals(tmp_path) == []


@pytest.mark.parametrize("way", WAYS)
def test_leaving_is_bounded_though_the_server_is_silent(way: str, server: Server, tmp_path: Path) -> None:
    """Every way out ends in its time and says how many wait where; `tora sync` brings them, and the status."""
    experiment, ended = leave(way, server, tmp_path, unanswered=True)
    _, _, code, expected = WAYS[way]
    assert ended.code == code, ended.err
    assert ended.seconds < BOUND
    assert_quiet(ended)
    (journal,) = journals(tmp_path)
    (word,) = [line for line in ended.err.splitlines() if line.startswith("Tora:")]
    assert f"5 of 5 metrics of experiment {experiment}" in word
    assert f"{journal}" in word
    assert "`tora sync`" in word
    brought = sync(tmp_path)
    assert brought.code == 0, brought
    assert stored(server.url, experiment) == {"loss": 5}
    assert status(server.url, experiment) == expected
    assert journals(tmp_path) == []


@pytest.mark.parametrize("way", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)"])
@pytest.mark.parametrize("script", [GLOBAL, ASYNC], ids=["sync", "async"])
def test_what_a_killed_program_logged_is_in_its_journal(way: str, script: str, server: Server, tmp_path: Path) -> None:
    """A program that ends without notice leaves a journal; once it is sent the experiment shows as lost."""
    script += f"    {way}\nasyncio.run(main())" if script is ASYNC else way
    with program(BEGIN + script, tmp_path, TORA_SERVER_URL=server.url) as running:
        experiment = running.heard()
        with silent(server):
            running.tell()
            assert running.wait().err == ""
    assert status(server.url, experiment) == "running"
    assert sync(tmp_path).code == 0
    assert stored(server.url, experiment) == {"loss": 5}
    assert status(server.url, experiment) == "lost"
    assert journals(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_flush_ends_the_program(number: signal.Signals, server: Server, tmp_path: Path) -> None:
    """A flush that waits for a silent server is given up at once, and the exit is bounded."""
    script = GLOBAL + "print('waiting', flush=True)\ntora.flush(60)"
    with program(BEGIN + script, tmp_path, TORA_SERVER_URL=server.url, TORA_TIMEOUT="1") as running:
        experiment = running.heard()
        with silent(server):
            running.tell()
            assert running.heard() == "waiting"
            running.send(number)
            ended = running.wait()
    assert (ended.code, ended.out) == (-number, "")
    assert ended.seconds < BOUND
    assert f"5 of 5 metrics of experiment {experiment}" in ended.err
    assert sync(tmp_path).code == 0
    assert (stored(server.url, experiment), status(server.url, experiment)) == ({"loss": 5}, "stopped")


def test_a_second_interrupt_ends_the_exit(server: Server, tmp_path: Path) -> None:
    """Who presses Ctrl-C twice gets out at once, with the word on what waits and no traceback of Tora's."""
    with program(BEGIN + GLOBAL + "wait()", tmp_path, TORA_SERVER_URL=server.url, TORA_TIMEOUT="50") as running:
        experiment = running.heard()
        with silent(server):
            running.tell()
            assert running.heard() == "waiting"
            running.send(signal.SIGINT)
            errors = running.process.stderr
            assert errors is not None
            until(lambda: errors.readline() == "KeyboardInterrupt\n", "first Ctrl-C")
            running.send(signal.SIGINT)
            ended = running.wait()
    assert ended.seconds < BOUND
    assert "Traceback" not in ended.err
    assert f"5 of 5 metrics of experiment {experiment}" in ended.err
    assert sync(tmp_path).code == 0
    assert (stored(server.url, experiment), status(server.url, experiment)) == ({"loss": 5}, "stopped")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_midst_of_logging(number: signal.Signals, server: Server, tmp_path: Path) -> None:
    """Whatever log() does when the signal comes, what it returned for is stored, and the program ends at once."""
    script = """
        import itertools, mmap
        count = mmap.mmap(os.open(os.environ["COUNT"], os.O_RDWR), 8)
        id = tora.setup("exit", max_buffer_len=1000)
        go_on(id)
        print("waiting", flush=True)
        for step in itertools.count(1):
            tora.tlog("loss", 0.5, step)
            count[:] = step.to_bytes(8, "little")
    """
    counter = tmp_path / "count"
    counter.write_bytes(bytes(8))
    settings = {"TORA_SERVER_URL": server.url, "COUNT": str(counter), **UNMEASURED}
    with program(BEGIN + textwrap.dedent(script), tmp_path, **settings) as running:
        experiment = running.heard()
        running.tell()
        assert running.heard() == "waiting"
        until(lambda: counter.read_bytes() > bytes(8), "metric")
        running.send(number)
        ended = running.wait()
    assert ended.code == -number, ended.err
    assert ended.seconds < BOUND
    returned = int.from_bytes(counter.read_bytes(), "little")
    # The last call may have been accepted without coming to its return.
    assert stored(server.url, experiment)["loss"] in {returned, returned + 1}
    assert status(server.url, experiment) == "stopped"
    assert journals(tmp_path) == []


def test_a_handler_of_the_program_stays_in_charge(server: Server, tmp_path: Path) -> None:
    """Where somebody handles SIGTERM already, tora.setup() leaves it to them."""
    script = (
        BEGIN
        + """
        def stop(*_):
            raise SystemExit(7)
        signal.signal(signal.SIGTERM, stop)
    """.replace("        ", "")
        + GLOBAL
        + "assert signal.getsignal(signal.SIGTERM) is stop\nwait()"
    )
    with program(script, tmp_path, TORA_SERVER_URL=server.url) as running:
        experiment = running.heard()
        running.tell()
        assert running.heard() == "waiting"
        running.send(signal.SIGTERM)
        assert running.wait().code == 7
    assert stored(server.url, experiment) == {"loss": 5}


@pytest.mark.parametrize(
    "begin",
    [
        "client = tora.Tora.create_experiment('exit')",
        "thread = threading.Thread(target=tora.setup, args=['exit']); thread.start(); thread.join()",
    ],
)
def test_sigterm_is_handled_for_setup_in_the_main_thread_alone(begin: str, server: Server, tmp_path: Path) -> None:
    """A client of the class, or a setup in another thread, leaves the signal as it is."""
    ended = run(
        BEGIN + begin + "\nprint(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)",
        tmp_path,
        TORA_SERVER_URL=server.url,
    )
    assert (ended.code, ended.out, ended.err) == (0, "True\n", "")


def test_a_handler_installed_later_can_pass_the_signal_on(server: Server, tmp_path: Path) -> None:
    """A program that replaces Tora's handler and calls the earlier one, as handlers do, ends as without its own."""
    script = GLOBAL + textwrap.dedent("""
        def stop(number, frame):
            print("mine", flush=True)
            earlier(number, frame)
        earlier = signal.signal(signal.SIGTERM, stop)
        wait()
    """)
    with program(BEGIN + script, tmp_path, TORA_SERVER_URL=server.url) as running:
        experiment = running.heard()
        running.tell()
        assert running.heard() == "waiting"
        running.send(signal.SIGTERM)
        ended = running.wait()
    assert (ended.code, ended.out, ended.err) == (-signal.SIGTERM, "mine\n", "")
    assert (stored(server.url, experiment), status(server.url, experiment)) == ({"loss": 5}, "stopped")


def test_a_server_known_by_name_is_reached_at_the_exit(server: Server, tmp_path: Path) -> None:
    """The interpreter's exit looks up no name any more; an asyncio program's last metrics arrive all the same."""
    script, _, code, expected = WAYS["asyncio without shutdown"]
    with program(BEGIN + script, tmp_path, TORA_SERVER_URL=f"http://localhost:{server.port}") as running:
        experiment = running.heard()
        running.tell()
        ended = running.wait()
    assert (ended.code, ended.err) == (code, "")
    assert (stored(server.url, experiment), status(server.url, experiment)) == ({"loss": 5}, expected)


def test_many_clients_end_together(server: Server, tmp_path: Path) -> None:
    """The exit takes as long as its slowest client, not as all of them together."""
    script = """
        clients = [tora.Tora.create_experiment("exit") for _ in range(20)]
        go_on("ready")
        for client in clients:
            log(client)
    """
    with program(BEGIN + textwrap.dedent(script), tmp_path, TORA_SERVER_URL=server.url, TORA_TIMEOUT="1") as running:
        assert running.heard() == "ready"
        with silent(server):
            running.tell()
            ended = running.wait()
    assert ended.seconds < BOUND
    assert ended.err.count("5 of 5 metrics") == 20


@pytest.mark.parametrize(("end", "expected"), [("", "finished"), ("1 / 0", "failed")])
@pytest.mark.parametrize("metrics", [0, 3])
def test_an_end_that_cannot_be_told_is_told_later(end: str, expected: str, metrics: int, tmp_path: Path) -> None:
    """Where all is stored but the server is gone at the end, the journal keeps the status for `tora sync`."""
    script = f"""
print(tora.setup('exit'), flush=True)
for step in range({metrics}):
    tora.tlog('loss', 1.0, step)
tora.flush()
go_on('stored')
{end}
"""
    with serving(tmp_path / "server") as server:
        settings = {"TORA_SERVER_URL": server.url, "TORA_TIMEOUT": "1"}
        with program(BEGIN + script, tmp_path / "data", **settings) as running:
            experiment = running.heard()
            assert running.heard() == "stored"
            server.stop()
            running.tell()
            ended = running.wait()
    assert f"does not know yet that experiment {experiment} is {expected}" in ended.err
    with serving(tmp_path / "server", port=server.port):
        assert status(server.url, experiment) == "running"
        assert sync(tmp_path / "data").code == 0
        assert status(server.url, experiment) == expected
        assert stored(server.url, experiment) == ({"loss": metrics} if metrics else {})
    assert journals(tmp_path / "data") == []


def test_sigterm_inside_log_waits_for_its_return(server: Server, tmp_path: Path) -> None:
    """A signal that comes in the midst of log() ends the program all the same, in good order."""
    script = """
        print(tora.setup("exit"), flush=True)
        tora.tlog("loss", 1.0)
        from tora._async import intake
        def interrupted(*arguments):
            intake._write = os.write
            os.kill(os.getpid(), signal.SIGTERM)
            return os.write(*arguments)
        intake._write = interrupted
        tora.tlog("loss", 2.0)
        wait()
    """
    ended = run(BEGIN + textwrap.dedent(script), tmp_path, TORA_SERVER_URL=server.url)
    assert (ended.code, ended.err) == (-signal.SIGTERM, "")
    experiment = ended.out.split()[0]
    assert (stored(server.url, experiment), status(server.url, experiment)) == ({"loss": 2}, "stopped")
    assert journals(tmp_path) == []


def test_what_is_logged_behind_the_end_is_kept(server: Server, tmp_path: Path) -> None:
    """An exit handler that runs after Tora's own logs without an error, and the metric is sent by the next client."""
    script = """
        import atexit
        @atexit.register
        def last():
            tora.tlog("last", 1.0)
            tora.flush()
            tora.shutdown()
    """
    ended = run(
        BEGIN + textwrap.dedent(script) + "tora.setup('exit')\nprint(tora.get_experiment_id())\ntora.tlog('loss', 1)",
        tmp_path,
        TORA_SERVER_URL=server.url,
    )
    assert (ended.code, ended.err) == (0, "")
    experiment = ended.out.strip()
    assert sync(tmp_path).code == 0
    assert stored(server.url, experiment) == {"loss": 1, "last": 1}
    assert status(server.url, experiment) == "finished"

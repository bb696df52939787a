"""What a program prints goes where it went before, and to the server where that is asked for."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, clean_environment
from tora import Tora
from tora._async import telling
from tora._async.console import Capture

SCRIPT = """
import logging, os, sys
logging.basicConfig(format="%(message)s")  # before Tora: its handler holds sys.stderr already
import tora
print(tora.setup("console of a script"{argument}))
print("one", "two", sep="\\n")
for percent in range(100):
    print(f"\\r{percent} %", end="", file=sys.stderr)
print(file=sys.stderr)
logging.warning("of a handler")
print("ünïcode \\x1b[31mred\\x1b[0m")
print(tora.get_experiment_url())
sys.stdout.flush()
{end}
"""
ENDS = {
    "shutdown": "tora.shutdown(); print('after the end')",
    "raise": "print('no end of line', end=''); raise ValueError('of the script')",
    "os-level": "sys.stdin.readline(); os._exit(3)",
}


def printed(server: Server, experiment: str) -> list[tuple[str, str]]:
    """Return what the server has of a console: streams and texts."""
    items = http.data(f"{server.url}/experiments/{experiment}/console")["items"]
    return [(item["stream"], item["text"]) for item in items]


def run(server: Server, tmp_path: Path, end: str, argument: str = ", console=True", **settings: str) -> tuple[Any, str]:
    """Start the script; return the process with its output, and the experiment's id."""
    env = clean_environment(TORA_SERVER_URL=server.url, TORA_DIR=str(tmp_path / "tora"), **settings)
    code = SCRIPT.replace("{argument}", argument).replace("{end}", ENDS[end])
    command = [sys.executable, "-X", "utf8", "-c", code]
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("wb") as output, err.open("wb") as errors:
        process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=output, stderr=errors)
    if end == "os-level":
        experiment = until(lambda: out.read_text("utf-8").splitlines()[1:2], "id of the experiment")[0]
        until(lambda: len(printed(server, experiment)) >= 8, "lines of a program that goes on")
    process.communicate(b"\n", timeout=60)
    return (process.returncode, out.read_text("utf-8"), err.read_text("utf-8")), out.read_text("utf-8").splitlines()[1]


@pytest.mark.parametrize("end", ENDS)
def test_what_a_program_prints_is_kept(server: Server, tmp_path: Path, end: str) -> None:
    """Both streams, line by line, a progress bar as it was last seen, whatever the end; all is printed as before."""
    (code, output, errors), experiment = run(server, tmp_path, end)
    assert code == {"shutdown": 0, "raise": 1, "os-level": 3}[end]
    told = printed(server, experiment)
    assert [text for stream, text in told if stream == "stdout"][1:6] == [
        experiment,
        "one",
        "two",
        "ünïcode \x1b[31mred\x1b[0m",
        f"{server.url}/e/{experiment}",
    ]
    assert told[4:6] == [("stderr", "99 %"), ("stderr", "of a handler")]
    assert output.count("ünïcode") == 1
    assert errors.startswith(
        "\n" + "\n".join(f"{percent} %" for percent in range(100))
    )  # text mode reads \r as a line end
    if end == "raise":
        assert told[-1] == ("stdout", "no end of line")
        assert told[-2] == ("stderr", "ValueError: of the script")
    if end == "shutdown":
        assert "after the end" in output
        assert "after the end" not in [text for _, text in told]


def test_nothing_is_kept_unasked(server: Server, tmp_path: Path) -> None:
    """Without `console=True` nothing is told; TORA_CONSOLE=on asks as well."""
    _, experiment = run(server, tmp_path, "shutdown", "")
    assert printed(server, experiment) == []
    _, experiment = run(server, tmp_path, "shutdown", "", TORA_CONSOLE="on")
    assert ("stdout", "two") in printed(server, experiment)


def test_what_lets_somebody_in_is_masked(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """The key that a client uses, and its write token, are not told, though they are printed."""
    http.use_key(server.url, server.key)  # what is made with a key is not everybody's
    with Tora.create_experiment("masked", server_url=server.url, api_key=server.key, console=True) as client:
        token = client._impl._writer.experiment.write_token
        print(f"key {server.key} token {token}")  # noqa: T201  # it is what is tested
    assert printed(server, client.experiment_id) == [("stdout", "key *** token ***")]
    assert server.key in capsys.readouterr().out


def test_a_console_is_cut_with_a_note(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit one line says so, and nothing follows; the streams are as they were."""
    monkeypatch.setattr(telling, "MAX_CONSOLE_BYTES", 2_000)
    before = sys.stdout.write
    with Tora.create_experiment("cut", server_url=server.url, console=True) as client:
        assert sys.stdout.write != before
        for number in range(1_000):
            print(number)  # noqa: T201  # it is what is tested
    assert sys.stdout.write == before
    told = [text for _, text in printed(server, client.experiment_id)]
    assert told[-1] == "[Tora: 2,000 bytes are kept of a console; what follows is left out]"
    assert told[:-1] == [str(number) for number in range(len(told) - 1)]
    assert 300 < len(told) < 1_000


def test_two_clients_hear_the_same_and_leave_no_trace(server: Server) -> None:
    """Each of two has all that was printed while it was open; the last one to end leaves the streams as they were."""
    before = sys.stdout.write
    first = Tora.create_experiment("first", server_url=server.url, console=True)
    with Tora.create_experiment("second", server_url=server.url, console=True) as second:
        print("both")  # noqa: T201  # it is what is tested
    print("first alone")  # noqa: T201  # as above
    first.shutdown()
    assert sys.stdout.write == before
    assert printed(server, first.experiment_id) == [("stdout", "both"), ("stdout", "first alone")]
    assert printed(server, second.experiment_id) == [("stdout", "both")]


def test_a_fork_is_not_heard(server: Server) -> None:
    """A forked child prints as before Tora was there, and nothing of it is told."""
    before = sys.stdout.write
    with Tora.create_experiment("forked console", server_url=server.url, console=True) as client:
        print("parent")  # noqa: T201  # it is what is tested
        child = os.fork()
        if not child:
            print("child")  # noqa: T201  # as above
            os._exit(0 if sys.stdout.write == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sys.stdout.write != before
    assert printed(server, client.experiment_id) == [("stdout", "parent")]


def test_an_old_server_is_told_once(server: Server, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """A server that knows no console is a warning, and the metrics arrive."""
    monkeypatch.setattr(telling.ConsoleTeller, "__init__", _elsewhere(telling.ConsoleTeller.__init__))
    with (
        caplog.at_level(logging.WARNING, "tora"),
        Tora.create_experiment("old", server_url=server.url, console=True) as client,
    ):
        print("unheard")  # noqa: T201  # it is what is tested
        client.log("loss", 1.0)
    assert client.stats.stored == 1
    assert ["keeps nothing more" in record.message for record in caplog.records] == [True]


def _elsewhere(original: Any) -> Any:
    def init(self: Any, path: str, *rest: Any) -> None:
        original(self, path.replace("/console", "/no-such-call"), *rest)

    return init


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        (["a\nb\n"], ["a", "b"]),
        (["a", "b\n", "c"], ["ab", "c"]),
        (["a\r\nb\r\n"], ["a", "b"]),
        (["1 %\r2 %", "\r3 %\n"], ["3 %"]),
        (["1 %", "\r", "\n"], ["1 %"]),
        (["\n\n"], ["", ""]),
        (["x" * 25_000], ["x" * 10_000, "x" * 10_000, "x" * 5_000]),
        (["x" * 10_001 + "\n"], ["x" * 10_000, "x"]),
        (["\udcff\n"], ["?"]),
    ],
)
def test_text_becomes_lines(pieces: list[str], wanted: list[str]) -> None:
    """Lines end where they were ended, are overwritten as on a terminal, and have a longest length."""
    capture = Capture()
    for piece in pieces:
        capture.take("stdout", piece)
    assert [line.text for line in capture.lines(to_the_last=True)] == wanted


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes faster than it is taken is counted and left out, and what comes later is heard again."""
    monkeypatch.setattr("tora._async.console.RAW", 100)
    capture = Capture()
    for _ in range(10):
        capture.take("stdout", "x" * 49 + "\n")
    *kept, note = capture.lines()
    assert [line.text for line in kept] == ["x" * 49] * 2
    assert note.text == "[Tora: 400 characters came faster than they could be taken, and are left out]"
    capture.take("stdout", "again\n")
    assert [line.text for line in capture.lines()] == ["again"]


def test_a_stream_that_cannot_be_captured_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream whose `write` is fixed is a warning; printing goes on."""

    class Fixed(io.StringIO):
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    stream = Fixed()
    monkeypatch.setattr(sys, "stdout", stream)
    capture = Capture()
    capture.begin()
    print("still here")  # noqa: T201  # it is what is tested
    capture.end()
    assert stream.getvalue() == "still here\n"
    assert "cannot be captured" in caplog.text

"""`tora login`, `logout` and `status`: which server, and who one is there."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.journals import left_behind
from tests.support.scripted import scripted
from tests.support.serving import Server, free_port
from tora import config
from tora.cli import app

SETTINGS = """# mine
port = 8700  # near the other

tags = ["a"]
"""


@pytest.fixture
def file(own_world: Path) -> Path:
    """The configuration file of this test, which is not there yet."""
    path = config.config_file()
    assert path.is_relative_to(own_world.parent)
    return path


def tora(*arguments: str, given: str | None = None) -> Result:
    """Run a command in this process."""
    ended = CliRunner().invoke(app, arguments, input=given)
    assert "Traceback" not in ended.output
    return ended


def test_login_keeps_server_and_key_for_oneself(server: Server, file: Path) -> None:
    """The file is private, and every call uses what it says from then on."""
    ended = tora("login", "--server", f"{server.url}/", "--key-stdin", given=f"{server.key}\n")
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == f"Signed in to {server.url} as owner; kept in {file}.\n"
    assert server.key not in ended.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (config.load().server_url, config.load().api_key) == (server.url, server.key)
    assert tora("ls").exit_code == 0


def test_other_settings_and_comments_stay(server: Server, file: Path) -> None:
    """Login and logout touch their two settings alone, and keep a file that is a link one."""
    elsewhere = file.parent.parent / "dotfiles.toml"
    file.parent.mkdir(parents=True)
    elsewhere.write_text(SETTINGS, encoding="utf-8")
    file.symlink_to(elsewhere)
    assert tora("login", "--server", server.url, "--key-stdin", given=server.key).exit_code == 0
    assert config.load().port == 8700
    assert config.load().api_key == server.key
    assert tora("logout").exit_code == 0
    assert file.is_symlink()
    assert elsewhere.read_text("utf-8").strip() == SETTINGS.strip()


def test_a_wrong_key_is_not_kept(server: Server, file: Path) -> None:
    """The server's no is one line, the key is not in it, and nothing is written."""
    ended = tora("login", "--server", server.url, "--key-stdin", given="tora_of-nobody")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("tora login: this server does not know that API key")
    assert "of-nobody" not in ended.output
    assert not file.exists()


@pytest.mark.parametrize("key", ["", "ключ", "a\x1bb"])
def test_what_is_no_key_is_refused_unsaid(server: Server, file: Path, key: str) -> None:
    """A key that no header can carry is refused without being repeated."""
    ended = tora("login", "--server", server.url, "--key-stdin", given=f"{key}\n")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("tora login: the key must be printable ASCII and not empty")
    assert not key or key not in ended.output
    assert not file.exists()


def test_a_server_that_is_none_is_refused(file: Path) -> None:
    """An address that is no URL, and one where nobody answers, are one line each."""
    for address in ("tora.example.org", f"http://127.0.0.1:{free_port()}"):
        ended = tora("login", "--server", address, "--key-stdin", given="k")
        assert (ended.exit_code, len(ended.stderr.splitlines())) == (1, 1)
        assert not file.exists()


def test_without_a_terminal_nothing_is_asked(server: Server) -> None:
    """A script that gives no key is told which option does."""
    ended = tora("login", "--server", server.url)
    assert ended.exit_code == 1
    assert ended.stderr == "tora login: there is no terminal to ask for the API key; give --key-stdin\n"


def test_on_a_terminal_the_key_is_asked_for_and_not_shown(server: Server, file: Path) -> None:
    """Server and key are asked for, and the key does not appear as it is typed."""
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tora", "login"],
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    shown = b""
    for question, answer in ((b"Server: ", server.url), (b"API key: ", server.key)):
        while not shown.endswith(question):
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{answer}\n".encode())
    try:
        while chunk := os.read(terminal, 1024):
            shown += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(terminal)
    assert process.wait(60) == 0, shown
    assert server.key.encode() not in shown
    assert server.key in file.read_text("utf-8")


def test_what_comes_before_the_file_is_said(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment that hides what was kept is named."""
    monkeypatch.setenv("TORA_SERVER_URL", server.url)
    ended = tora("login", "--server", server.url, "--key-stdin", given=server.key)
    assert ended.stderr == "TORA_SERVER_URL in the environment comes before the file.\n"


def test_logout_twice_is_no_error(server: Server, file: Path) -> None:
    """Where nothing is kept it says so; the local server is the one from then on."""
    tora("login", "--server", server.url, "--key-stdin", given=server.key)
    assert tora("logout").stdout == f"Taken out of {file}.\n"
    assert tora("logout").stdout == f"Nothing to do: {file} names no server.\n"
    assert config.load().server_url is None


def test_a_broken_file_is_left_as_it_is(server: Server, file: Path) -> None:
    """A file that is no TOML is named, and nothing in it is lost."""
    file.parent.mkdir(parents=True)
    file.write_text("port = = 1\n", encoding="utf-8")
    ended = tora("login", "--server", server.url, "--key-stdin", given=server.key)
    assert ended.exit_code == 1
    assert str(file) in ended.stderr
    assert file.read_text("utf-8") == "port = = 1\n"


def test_the_key_of_the_file_goes_to_its_server_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another server, named by the environment or a call, is not sent the key that was kept for the first."""
    file.parent.mkdir(parents=True)
    file.write_text('server_url = "https://one.example"\napi_key = "kept"\n', encoding="utf-8")
    assert config.load().api_key == "kept"
    assert config.load(server_url="https://one.example/").api_key == "kept"
    assert config.load(server_url="https://two.example").api_key is None
    with scripted() as script:
        monkeypatch.setenv("TORA_SERVER_URL", script.url)
        tora("ls")
        assert script.asked
        assert all("x-api-key" not in asked.headers for asked in script.asked)
    monkeypatch.setenv("TORA_API_KEY", "of the second")
    assert config.load().api_key == "of the second"


# --- status ---------------------------------------------------------------------------------------


def test_status_starts_nothing(own_world: Path) -> None:
    """Where the local server does not run it says so, and it does not run afterwards."""
    found = json.loads(tora("status", "--json").stdout)
    assert (found["isLocal"], found["running"], found["server"]) == (True, False, None)
    assert not (own_world / "server.json").exists()
    assert "not running" in tora("status").stdout


def test_status_tells_server_person_and_journals(
    server: Server, own_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the server, who one is there, and how much waits where."""
    monkeypatch.setenv("TORA_SERVER_URL", server.url)
    monkeypatch.setenv("TORA_API_KEY", server.key)
    left_behind(own_world, server.url, "e1")
    found = json.loads(tora("status", "--json").stdout)
    assert (found["server"], found["user"]["name"], found["scope"]) == (server.url, "owner", "full")
    assert (found["journals"]["left"], found["journals"]["metrics"]) == (1, 40)
    said = tora("status").stdout
    assert f"server: {server.url} (Tora " in said
    assert "you: owner, administrator" in said
    assert "40 metrics wait in 1, `tora sync` sends them" in said


def test_status_of_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known is printed, why it does not answer is one line on standard error, and the code is 1."""
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("TORA_SERVER_URL", url)
    ended = tora("status", "--json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout)["server"] == url
    assert ended.stderr.startswith(f"tora status: GET {url}/health: no connection")

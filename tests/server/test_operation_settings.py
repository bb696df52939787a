"""The settings of `tora server`: the command line, then the environment, then a file, then what is built in."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tora.cli import app
from tora.server import run
from tora.server.options import Options
from tora.server.security import is_open

NAMES = {
    "dir",
    "host",
    "port",
    "anonymous",
    "catalog",
    "allow_host",
    "tls_cert",
    "tls_key",
    "trust_proxy",
    "user_header",
    "log_format",
    "rate_limit",
}


class Asked:
    """What `tora server` was asked to do, in place of a server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._options: list[Options] = []
        monkeypatch.setattr(run, "serve", self._options.append)

    def __call__(self, *words: object, **environment: str) -> Options:
        """Return the options that a command line leads to."""
        result = CliRunner().invoke(app, ["server", *map(str, words)], env=environment)
        assert result.exit_code == 0, result.output
        return self._options.pop()

    def refused(self, *words: object, **environment: str) -> str:
        """Return why a command line is refused."""
        result = CliRunner().invoke(app, ["server", *map(str, words)], env={**environment, "COLUMNS": "1000"})
        assert (result.exit_code, self._options) == (2, []), result.output
        return " ".join(result.output.replace("│", " ").split())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Ask for the options of a command line."""
    return Asked(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with every setting."""
    path = tmp_path / "etc" / "server.toml"
    path.parent.mkdir()
    path.write_text(
        'dir = "data"\nhost = "10.0.0.1"\nport = 1001\nanonymous = true\nallow_host = ["a.example"]\n'
        'tls_cert = "chain.pem"\ntls_key = "/keys/key.pem"\ntrust_proxy = ["10.0.0.0/8"]\nuser_header = "X-User"\n'
        'log_format = "json"\nrate_limit = 7.5\ncatalog = "postgresql://u:file@h/db"\n'
    )
    return path


def test_a_file_says_everything(asked: Asked, file: Path) -> None:
    """Each setting can stand in the file; what names a file or folder is meant from the file's own folder."""
    folder = file.parent
    options = asked("--config", file)
    assert options.dir == folder / "data"
    assert (options.host, options.port, options.anonymous) == ("10.0.0.1", 1001, True)
    assert options.allow_hosts == ("a.example",)
    assert options.tls == (folder / "chain.pem", Path("/keys/key.pem"))
    assert options.catalog == "postgresql://u:file@h/db"
    assert "file@h" not in repr(options)
    assert options.proxy.trusted == (ipaddress.ip_network("10.0.0.0/8"),)
    assert (options.proxy.user_header, options.log_format, options.rate_limit) == ("X-User", "json", 7.5)


def test_the_environment_comes_before_the_file(asked: Asked, file: Path) -> None:
    """Each setting has a variable; several values are separated by spaces, and an empty one says nothing."""
    options = asked(
        TORA_SERVER_CONFIG=str(file),
        TORA_SERVER_DIR="/d",
        TORA_SERVER_HOST="",
        TORA_SERVER_PORT="1002",
        TORA_SERVER_ANONYMOUS="0",
        TORA_SERVER_ALLOW_HOST="b.example c.example",
        TORA_SERVER_TLS_CERT="/c.pem",
        TORA_SERVER_TLS_KEY="/k.pem",
        TORA_SERVER_TRUST_PROXY="192.168.0.1 ::1",
        TORA_SERVER_USER_HEADER="X-Other",
        TORA_SERVER_LOG_FORMAT="text",
        TORA_SERVER_RATE_LIMIT="0",
        TORA_SERVER_CATALOG="postgresql://u:environment@h/db",
    )
    assert (options.dir, options.host, options.port) == (Path("/d"), "10.0.0.1", 1002)
    assert (options.anonymous, options.allow_hosts) == (False, ("b.example", "c.example"))
    assert options.tls == (Path("/c.pem"), Path("/k.pem"))
    assert options.catalog == "postgresql://u:environment@h/db"
    assert [str(each) for each in options.proxy.trusted] == ["192.168.0.1/32", "::1/128"]
    assert (options.proxy.user_header, options.log_format, options.rate_limit) == ("X-Other", "text", 0)


def test_the_command_line_comes_first(asked: Asked, file: Path) -> None:
    """An option that is given counts, whatever else is said."""
    words = ["--config", file, "--port", 1003, "--host", "h", "--allow-host", "d.example", "--log-format", "text"]
    options = asked(*words, TORA_SERVER_PORT="1002", TORA_SERVER_HOST="e", TORA_SERVER_ALLOW_HOST="f")
    assert (options.host, options.port, options.allow_hosts) == ("h", 1003, ("d.example",))
    assert (options.log_format, options.rate_limit) == ("text", 7.5)


def test_without_settings_there_are_defaults(asked: Asked, tmp_path: Path) -> None:
    """It listens for its own machine alone, lets nobody in without a key, and trusts no proxy."""
    options = asked()
    assert (options.host, options.port, options.anonymous, options.tls) == ("127.0.0.1", 8672, False, None)
    assert (options.proxy.trusted, options.proxy.user_header, options.log_format) == ((), None, "text")
    assert (options.dir, options.catalog) == (tmp_path / "tora", None)


def test_a_local_server_has_its_folder_alone(asked: Asked) -> None:
    """Clients start it in their own environment, where the settings of a team's server may stand."""
    assert asked("--local", TORA_SERVER_CATALOG="postgresql://u:environment@h/db").catalog is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "unknown setting 'prot'"),
        ("[server]\nport = 1", "unknown setting 'server'"),
        ('port = "1"', "Expected `int`, got `str` - at `$.port`"),
        ("port = 70000", "$.port"),
        ("anonymous = 1", "Expected `bool`"),
        ('allow_host = "a"', "Expected `array`"),
        ('log_format = "xml"', "$.log_format"),
        ("port = ", "is no TOML"),
    ],
)
def test_a_wrong_file_is_an_error(asked: Asked, tmp_path: Path, text: str, said: str) -> None:
    """A name that is not known, or a value of another kind, is said with the file's name, and nothing starts."""
    path = tmp_path / "server.toml"
    path.write_text(text)
    message = asked.refused("--config", path)
    assert said in message
    assert "server.toml" in message


def test_an_unknown_name_is_answered_with_all_known_ones(asked: Asked, tmp_path: Path) -> None:
    """The message lists every setting."""
    (tmp_path / "server.toml").write_text("x = 1")
    message = asked.refused("--config", tmp_path / "server.toml")
    assert all(name in message for name in NAMES)
    assert "cannot read" in asked.refused("--config", tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tls-cert", "c"], "--tls-cert needs --tls-key"),
        (["--tls-key", "k"], "--tls-key needs --tls-cert"),
        (["--user-header", "X-User"], "--user-header needs --trust-proxy"),
        (["--trust-proxy", "10.0.0.1/8"], "has host bits set"),
        (["--trust-proxy", "nonsense"], "got 'nonsense'"),
        (["--log-format", "xml"], "text or json"),
        (["--rate-limit", "-1"], "--rate-limit"),
    ],
)
def test_settings_that_make_no_sense_are_refused(asked: Asked, words: list[str], said: str) -> None:
    """The message names the option and what it takes."""
    assert said in asked.refused(*words)


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),  # noqa: S104
        ("::", True),
        ("192.168.1.2", True),
        ("tora.example", True),
    ],
)
def test_what_can_be_reached_in_plain_http_is_known(asked: Asked, tmp_path: Path, host: str, is_it: bool) -> None:  # noqa: FBT001
    """A server that listens for other machines without TLS or a proxy is one to warn of."""
    assert is_open(asked("--host", host)) == is_it
    assert not is_open(asked("--host", host, "--trust-proxy", "10.0.0.1"))
    assert not is_open(asked("--host", host, "--tls-cert", tmp_path, "--tls-key", tmp_path))

"""A server that speaks TLS, and how servers end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trustme

from tests.server.test_process import ended, spawn
from tests.support import http as plain
from tests.support.nursery import Forked
from tests.support.polling import until
from tests.support.serving import Server, clean_environment, serving
from tora.server.tls import TlsError, tls_context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority of the tests' own."""
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = authority.issue_cert("127.0.0.1", "localhost")
    (folder / "key.pem").write_bytes(made.private_key_pem.bytes())
    (folder / "chain.pem").write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    return folder / "chain.pem", folder / "key.pem"


@pytest.fixture
def secure(files: tuple[Path, Path], tmp_path: Path) -> Iterator[Server]:
    """A server that speaks TLS."""
    options = ("--tls-cert", str(files[0]), "--tls-key", str(files[1]))
    with serving(tmp_path / "data", *options, anonymous=False) as running:
        yield running


def outside(server: Server) -> int:
    """Return the port that a server speaks TLS on."""
    said = until(
        lambda: [line for line in server.said().splitlines() if " answers at https://127.0.0.1:" in line], "line"
    )
    return int(said[0].split("https://127.0.0.1:")[1].split(",")[0])


@contextmanager
def connected(server: Server, authority: trustme.CA) -> Iterator[http.client.HTTPSConnection]:
    """Open a connection to it that trusts the authority alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with closing(http.client.HTTPSConnection("127.0.0.1", outside(server), timeout=60, context=context)) as connection:
        yield connection


def test_tls_from_sign_in_to_backup(secure: Server, authority: trustme.CA, tmp_path: Path) -> None:
    """Clients are answered over TLS with a cookie for TLS alone; plain HTTP is not; commands on the machine work."""
    with connected(secure, authority) as connection:
        connection.request("GET", "/health")
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["data"]["mode"]) == (200, "team")
        until(lambda: "/welcome#token=" in secure.said(), "instructions")
        ticket = secure.said().split("/welcome#token=")[1].split()[0]
        assert f"https://127.0.0.1:{outside(secure)}/welcome#token=" in secure.said()
        body = json.dumps({"token": ticket, "password": "correct horse battery"})
        connection.request("POST", "/password", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    cookie = response.headers["Set-Cookie"]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Strict"))
    with socket.create_connection(("127.0.0.1", outside(secure)), timeout=30) as wire:
        wire.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"HTTP/1.1 200" not in wire.recv(1000)
    assert secure.url.startswith("http://127.0.0.1:")
    assert secure.port != outside(secure)
    done = subprocess.run(
        [sys.executable, "-m", "tora", "backup", "--dir", str(secure.dir), str(tmp_path / "backup.tar")],
        env=clean_environment(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr


def test_a_backup_under_way_is_sent_before_the_end(secure: Server, authority: trustme.CA) -> None:
    """SIGTERM takes no new connections, sends what is being made to its end, leaves nothing behind, and ends with 0."""
    with connected(secure, authority) as connection:
        connection.request("GET", "/backup", headers={"x-api-key": secure.key})
        until(lambda: [*secure.dir.glob(".backup.*")], "backup under way", every=0.002)
        secure.process.send_signal(signal.SIGTERM)
        until(lambda: _refuses(outside(secure)), "port that is closed")
        response = connection.getresponse()
        assert response.status == 200
        assert len(response.read()) == int(response.headers["Content-Length"])
    assert secure.process.wait(60) == 0
    assert [*secure.dir.glob(".backup.*")] == []


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    """While a server waits for a request under way, another SIGTERM ends it; what was acknowledged is there."""
    with serving(tmp_path / "data") as server:
        assert plain.request("POST", f"{server.url}/experiments", {"id": "x", "name": "x"}).status == 201
        with socket.create_connection(("127.0.0.1", server.port)) as slow:
            head = f"POST /experiments HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 100\r\n\r\n"
            slow.sendall(head.encode())
            plain.data(f"{server.url}/health")
            server.process.send_signal(signal.SIGTERM)
            until(lambda: "ending:" in server.said(), "end that begins")
            until(lambda: _ended_by_more(server.process), "end", every=0.1)
            assert server.process.returncode == -signal.SIGTERM
        assert "ended" not in server.said()
    with serving(tmp_path / "data") as server:
        assert plain.data(f"{server.url}/experiments/x")["name"] == "x"


def _ended_by_more(process: subprocess.Popen[bytes] | Forked) -> bool:
    process.send_signal(signal.SIGTERM)
    return process.poll() is not None


def _refuses(port: int) -> bool:
    with socket.socket() as wire:
        return wire.connect_ex(("127.0.0.1", port)) != 0


def test_old_tls_is_not_spoken(files: tuple[Path, Path]) -> None:
    """TLS 1.2 is the oldest."""
    context = tls_context(files)
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("what", ["missing", "garbage", "swapped", "of another", "locked"])
def test_files_that_cannot_be_used_are_named(
    files: tuple[Path, Path], authority: trustme.CA, tmp_path: Path, what: str
) -> None:
    """The error names the file, says what is wrong with it, and asks for no password."""
    certificate, key = files
    other = tmp_path / "other.pem"
    match what:
        case "missing":
            pair, said = (certificate, other), f"cannot read the private key {other}"
        case "garbage":
            other.write_text("nonsense")
            pair, said = (other, key), f"{other} holds no certificate"
        case "swapped":
            pair, said = (key, certificate), f"{key} holds no certificate"
        case "of another":
            other.write_bytes(authority.issue_cert("other.example").private_key_pem.bytes())
            pair, said = (certificate, other), f"{other} does not belong to the certificate {certificate}"
        case _:
            other.write_text(key.read_text().replace("BEGIN", "BEGIN ENCRYPTED"))
            pair, said = (certificate, other), f"{other} is locked with a password"
    with pytest.raises(TlsError) as caught:
        tls_context(pair)
    assert said in str(caught.value)


def test_a_server_without_its_certificate_does_not_start(tmp_path: Path) -> None:
    """It ends with 5 and one line."""
    missing = str(tmp_path / "missing.pem")
    process = spawn(tmp_path / "data", "--port", "0", "--tls-cert", missing, "--tls-key", missing)
    code, said = ended(process)
    assert (code, "Traceback" in said) == (5, False), said
    assert f"cannot read the certificate {missing}" in said

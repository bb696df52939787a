"""`tora key`, `workspace` and `admin`: keys, groups and accounts from the terminal."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from typer.testing import CliRunner, Result

from tests.cli.conftest import Tora, line
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, clean_environment, serving
from tora import rendezvous
from tora.cli import app


def unique() -> str:
    """Return a name that no other test has."""
    return f"n{uuid.uuid4().hex[:12]}"


def document(ended: Result) -> Any:
    """Return the JSON document that a command printed."""
    return json.loads(ended.stdout)


def status(server: Server, key: str, path: str = "/experiments") -> int:
    """Return what the server answers to a key."""
    return http.request("GET", f"{server.url}{path}", key=key).status


# --- key ------------------------------------------------------------------------------------------


def test_a_key_is_printed_once_and_works(tora: Tora, signed_in: Server) -> None:
    """Standard output has the key alone; the list knows it by its id and never shows it; revoked it opens nothing."""
    name = unique()
    key = tora("key", "create", name, "--scope", "read", "--days", "2").stdout.strip()
    assert status(signed_in, key) == 200
    assert status(signed_in, key, "/users") == 403
    listed = tora("key", "list").stdout
    assert name in listed
    assert key not in listed + tora("key", "list", "--json").stdout
    assert tora("key", "revoke", name).stdout.endswith(f"({name})\n")
    assert status(signed_in, key) == 401


def test_a_key_can_be_for_one_workspace(tora: Tora) -> None:
    """--workspace takes a name, and the record says which it is."""
    name = unique()
    place = document(tora("workspace", "create", name, "--json"))["id"]
    made = document(tora("key", "create", "of one", "--workspace", name, "--json"))
    assert (made["workspaceId"], made["scope"]) == (place, "write")
    assert made["key"].startswith("tora_")


def test_a_key_of_too_little_scope_is_one_line(tora: Tora, signed_in: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a key may not do is said in the server's words, without the key."""
    key = tora("key", "create", "small").stdout.strip()
    monkeypatch.setenv("TORA_API_KEY", key)
    said = line(tora("key", "list", code=1))
    assert said.startswith("tora key list: this API key's scope is 'write'")
    assert key not in said
    monkeypatch.setenv("TORA_API_KEY", "tora_unknown")
    said = line(tora("ls", code=1))
    assert said.endswith("(or run `tora login`)")
    assert "tora_unknown" not in said


def test_the_folders_own_key(signed_in: Server, tmp_path: Path) -> None:
    """`tora key local` prints the key of a data folder, and says where there is none."""
    ended = CliRunner().invoke(app, ["key", "local", "--dir", str(signed_in.dir)])
    assert (ended.exit_code, ended.stdout) == (0, f"{signed_in.key}\n")
    ended = CliRunner().invoke(app, ["key", "local", "--dir", str(tmp_path)])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"tora key local: there is no key in {tmp_path}")


# --- workspace ------------------------------------------------------------------------------------


def test_a_workspace_from_its_making_to_its_end(tora: Tora, signed_in: Server) -> None:
    """Make, list, rename, invite, change a member's role, remove them, delete."""
    name, other, member = unique(), unique(), unique()
    place = document(tora("workspace", "create", name, "--description", "d", "--json"))["id"]
    tora("workspace", "rename", name, other)
    [found] = [each for each in document(tora("workspace", "list", "--json")) if each["id"] == place]
    assert (found["name"], found["description"], found["role"]) == (other, "d", "owner")
    invited = tora("workspace", "invite", other, "--role", "viewer", "--days", "1")
    link = invited.stdout.strip()
    body = {"token": link.partition("#token=")[2], "join": True, "name": member, "password": "quite long indeed"}
    assert http.request("POST", f"{signed_in.url}/invitations", body, key="").status == 200
    roles = {each["name"]: each["role"] for each in document(tora("workspace", "members", place, "--json"))}
    assert roles == {"owner": "owner", member: "viewer"}
    assert tora("workspace", "role", other, member, "editor").stdout == f"{member} is editor now\n"
    tora("workspace", "role", other, member, "none")
    assert member not in tora("workspace", "members", other).stdout
    assert "--yes" in line(tora("workspace", "rm", other, code=1))
    tora("workspace", "rm", other, "--yes")
    assert line(tora("workspace", "members", other, code=1)).startswith(
        f"tora workspace members: there is no workspace '{other}'"
    )


# --- admin ----------------------------------------------------------------------------------------


def test_an_account_from_its_making_to_its_end(tora: Tora, signed_in: Server) -> None:
    """The printed link sets a password once; who is disabled cannot sign in, who is enabled can."""
    name, password = unique(), "quite long indeed"
    link = tora("admin", "create-user", name, "--admin").stdout.strip()
    assert link.startswith(f"{signed_in.url}/welcome#token=")

    def set_password(token: str) -> int:
        return http.request("POST", f"{signed_in.url}/password", {"password": password, "token": token}, key="").status

    def sign_in() -> int:
        return http.request("POST", f"{signed_in.url}/session", {"name": name, "password": password}, key="").status

    token = link.partition("#token=")[2]
    assert (set_password(token), set_password(token), sign_in()) == (200, 401, 200)
    tora("admin", "disable", name)
    assert sign_in() == 401
    assert document(tora("admin", "enable", name, "--json"))["disabled"] is False
    assert sign_in() == 200
    again = tora("admin", "reset-password", name, "--url", "https://tora.example.org/").stdout
    assert again.startswith("https://tora.example.org/welcome#token=")
    [row] = [row for row in tora("admin", "users").stdout.splitlines() if name in row]
    assert "administrator" in row
    actions = [each["action"] for each in document(tora("admin", "audit", "--limit", "100", "--json"))]
    assert {"user.create", "user.change", "user.link"} <= set(actions)
    assert "NUMBER" in tora("admin", "audit", "--limit", "1").stdout


def test_who_is_no_administrator_is_told_so(tora: Tora, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key without the right gets the server's no in one line."""
    key = tora("key", "create", "no admin's", "--scope", "read").stdout.strip()
    monkeypatch.setenv("TORA_API_KEY", key)
    said = line(tora("admin", "users", code=1))
    assert said.startswith("tora admin users: this API key's scope is 'read'")


def test_the_folder_of_a_running_server_is_enough(server: Server, own_world: Path) -> None:
    """With --dir the server that owns the folder is asked, with the folder's key."""
    ended = CliRunner().invoke(app, ["admin", "users", "--dir", str(server.dir), "--json"])
    assert ended.exit_code == 0, ended.output
    assert "owner" in {each["name"] for each in document(ended)}
    assert not own_world.exists()


def test_the_folder_of_a_server_that_does_not_run(tmp_path: Path) -> None:
    """A server is run for the length of the command; the one that starts later knows what it did."""
    folder = tmp_path / "data"
    folder.mkdir()

    def admin(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "tora", "admin", *arguments, "--dir", str(folder)],
            env=clean_environment(TORA_DIR=str(tmp_path / "other")),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    made = admin("create-user", "ada")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("/welcome#token=")
    assert "put it in front, or give it with --url" in made.stderr
    assert not rendezvous.is_held(folder)
    assert rendezvous.read(folder) is None
    assert {
        each.name: stat.S_IMODE(each.stat().st_mode) & 0o077 for each in folder.iterdir() if each.stat().st_mode & 0o077
    } == {}
    again = admin("create-user", "ada")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "tora admin create-user: there is a user 'ada' already; choose another name\n"
    with serving(folder) as server:
        token = made.stdout.strip().partition("#token=")[2]
        body = {"password": "quite long indeed", "token": token}
        assert http.request("POST", f"{server.url}/password", body, key="").status == 200


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """A folder that is not there is not made, and named."""
    ended = CliRunner().invoke(app, ["admin", "users", "--dir", str(tmp_path / "absent")])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"tora admin users: cannot use the data folder {tmp_path / 'absent'}: ")
    assert not (tmp_path / "absent").exists()


def test_a_folder_of_something_else_stays_as_it_is(tmp_path: Path) -> None:
    """A slip in the name does not make a data folder of somebody's files."""
    (tmp_path / "mine").write_text("", encoding="utf-8")
    ended = CliRunner().invoke(app, ["admin", "create-user", "ada", "--dir", str(tmp_path)])
    assert ended.exit_code == 1
    assert "is no data folder of Tora" in ended.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_a_server_with_tls_is_asked_by_its_folder(tmp_path: Path) -> None:
    """Its certificate is for the name that others use; the folder says where it is."""
    made = trustme.CA().issue_cert("tora.example.org")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    with tls_server(tmp_path / "data", str(certificate), str(key)):
        ended = CliRunner().invoke(app, ["admin", "users", "--dir", str(tmp_path / "data"), "--json"])
    assert ended.exit_code == 0, ended.output
    assert "owner" in {each["name"] for each in document(ended)}


@contextmanager
def tls_server(folder: Path, certificate: str, key: str) -> Iterator[None]:
    """Run a server that speaks TLS alone."""
    options = ["--port", "0", "--dir", str(folder), "--tls-cert", certificate, "--tls-key", key]
    process = subprocess.Popen(
        [sys.executable, "-m", "tora", "server", *options],
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: rendezvous.read(folder), "server that says where it is", within=60)
        yield
    finally:
        process.terminate()
        process.wait(30)

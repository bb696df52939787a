"""``tora ui`` finds the local server or starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import http
from tests.support.serving import Server, clean_environment, stop_local
from tora import rendezvous


def ui(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command without a browser."""
    return subprocess.run(
        [sys.executable, "-m", "tora", "ui", "--no-browser"],
        env=clean_environment(TORA_DIR=str(folder), TORA_PORT="0", **settings),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_it_starts_a_server_and_keeps_its_address(own_world: Path) -> None:
    """The printed address opens; it is the same for the running server and for the one after it."""
    first = ui(own_world)
    assert first.returncode == 0, first.stderr
    printed = first.stdout.strip()
    url, _, opener = printed.partition("/#token=")
    assert opener == rendezvous.opener(rendezvous.local_key(own_world) or "")
    page = http.request("GET", f"{url}/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert http.data(f"{url}/health")["mode"] == "local"
    assert ui(own_world).stdout.strip() == printed
    stop_local(own_world)
    assert ui(own_world).stdout.strip() == printed


def test_it_opens_the_server_that_the_settings_name(own_world: Path, server: Server) -> None:
    """With TORA_SERVER_URL set there is nothing to start."""
    assert ui(own_world, TORA_SERVER_URL=server.url).stdout.strip() == server.url
    assert not (own_world / "server.lock").exists()


def test_what_hinders_it_is_said(tmp_path: Path) -> None:
    """A data folder that cannot be used is one line, no trace."""
    (tmp_path / "file").write_text("")
    ended = ui(tmp_path / "file")
    assert ended.returncode == 1
    assert str(tmp_path / "file") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_comes_without_the_server() -> None:
    """Showing the help imports neither the web server nor a store."""
    code = "import sys, tora.cli; sys.exit(bool({'aiohttp', 'duckdb', 'sqlalchemy', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=100).returncode == 0

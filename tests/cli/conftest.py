"""Commands of `tora` against the shared server, in this process where that is all the same, as it is quicker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.support import http
from tests.support.serving import Server
from tora.cli import app

Tora = Callable[..., Result]


@pytest.fixture
def signed_in(server: Server, own_world: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The shared server, which the settings name with an administrator's key."""
    monkeypatch.setenv("TORA_SERVER_URL", server.url)
    monkeypatch.setenv("TORA_API_KEY", server.key)
    return server


@pytest.fixture
def tora(signed_in: Server) -> Tora:
    """Run a command: ``tora("ls", "--json")``; it must end with 0 unless another code is named."""

    def run(*arguments: str, code: int = 0, given: str | None = None) -> Result:
        ended = CliRunner().invoke(app, arguments, input=given)
        assert ended.exit_code == code, ended.output
        assert "Traceback" not in ended.output
        assert signed_in.key not in ended.output
        return ended

    return run


@pytest.fixture
def made(signed_in: Server) -> Callable[..., str]:
    """Make an experiment with points and return its id: ``made("name", [1.0, 2.0], tags=["x"])``."""

    def make(name: str, values: list[float | str] | None = None, **fields: Any) -> str:
        answer = http.request("POST", f"{signed_in.url}/experiments", {"name": name, **fields}, key=signed_in.key)
        assert answer.status == 201, answer.body
        experiment: str = answer.json()["data"]["id"]
        if values:
            log(signed_in, experiment, [{"name": "loss", "value": v, "step": s} for s, v in enumerate(values)])
        return experiment

    return make


def log(server: Server, experiment: str, logs: list[dict[str, Any]], **fields: Any) -> None:
    """Send points to an experiment."""
    url = f"{server.url}/experiments/{experiment}/logs/batch"
    answer = http.request("POST", url, {"logs": logs, **fields}, key=server.key)
    assert answer.status == 201, answer.body


def line(ended: Result) -> str:
    """Return what a command that failed said: one line on standard error, and nothing on standard output."""
    assert ended.stdout == ""
    said, rest = ended.stderr.split("\n", 1)
    assert rest == "", ended.stderr
    return said

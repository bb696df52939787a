# Made by tools/sync.py from tests/_async/test_session.py; edit that file, then run: python tools/sync.py
"""The global API: one current experiment, and what its calls do without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import tora
from tests.support.http import data, summaries
from tests.support.serving import Server


@pytest.fixture(autouse=True)
def no_experiment() -> Iterator[None]:
    """The process's own experiment, where there is one, ends with the test."""
    yield
    tora.shutdown()


def test_setup_prints_the_address_and_returns_the_id(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints exactly the documented line, and the getters know what it knows."""
    assert not tora.is_initialized()
    assert tora.get_experiment_id() is None
    assert tora.get_experiment_url() is None
    experiment = tora.setup("global", server_url=server.url)
    assert capsys.readouterr() == (f"Tora experiment: {server.url}/e/{experiment}\n", "")
    assert tora.is_initialized()
    assert tora.get_experiment_id() == experiment
    assert tora.get_experiment_url() == f"{server.url}/e/{experiment}"
    tora.shutdown()
    assert not tora.is_initialized()
    assert tora.get_experiment_id() is None


def test_silent_setup_prints_nothing(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TORA_SILENT turns the line off."""
    monkeypatch.setenv("TORA_SILENT", "1")
    tora.setup("global", server_url=server.url)
    assert capsys.readouterr() == ("", "")
    tora.shutdown()


def test_the_global_calls_log_to_the_experiment(server: Server) -> None:
    """What tlog logs is stored with the arguments of setup, and shutdown finishes the run."""
    experiment = tora.setup("global", description="why", hyperparams={"lr": 0.1}, tags=["a"], server_url=server.url)
    for step in range(10):
        tora.tlog("loss", 1 / (step + 1), step, {"batch": step})
    assert (tora.flush()).stored == 10
    tora.tlog("loss", 0.0, 10)
    assert (tora.shutdown()).stored == 11
    assert summaries(server.url, experiment)["loss"]["count"] == 11
    shown = data(f"{server.url}/experiments/{experiment}")
    assert (shown["name"], shown["description"], shown["tags"], shown["status"]) == ("global", "why", ["a"], "finished")


def test_a_second_setup_is_an_error(server: Server) -> None:
    """It names the experiment that is set up already, which goes on; after shutdown there can be another."""
    first = tora.setup("first", server_url=server.url)
    with pytest.raises(tora.ToraError, match=first):
        tora.setup("second", server_url=server.url)
    tora.tlog("loss", 1.0)
    tora.shutdown()
    second = tora.setup("second", server_url=server.url)
    assert second != first
    tora.shutdown()
    assert summaries(server.url, first)["loss"]["count"] == 1


def test_a_setup_that_fails_leaves_nothing(server: Server) -> None:
    """After an error there is no experiment, and the next setup works."""
    with pytest.raises(tora.ToraValidationError):
        tora.setup("", server_url=server.url)
    assert not tora.is_initialized()
    tora.setup("global", server_url=server.url)
    tora.shutdown()


def test_logging_without_setup_is_an_error() -> None:
    """It says which call is missing; flush and shutdown have nothing to do."""
    with pytest.raises(tora.ToraError, match=r"tora\.setup"):
        tora.tlog("loss", 1.0)
    assert (tora.flush()).logged == 0
    assert (tora.shutdown()).logged == 0

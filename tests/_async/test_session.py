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


async def test_setup_prints_the_address_and_returns_the_id(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints exactly the documented line, and the getters know what it knows."""
    assert not tora.aio.is_initialized()
    assert tora.aio.get_experiment_id() is None
    assert tora.aio.get_experiment_url() is None
    experiment = await tora.aio.setup("global", server_url=server.url)
    assert capsys.readouterr() == (f"Tora experiment: {server.url}/e/{experiment}\n", "")
    assert tora.aio.is_initialized()
    assert tora.aio.get_experiment_id() == experiment
    assert tora.aio.get_experiment_url() == f"{server.url}/e/{experiment}"
    await tora.aio.shutdown()
    assert not tora.aio.is_initialized()
    assert tora.aio.get_experiment_id() is None


async def test_silent_setup_prints_nothing(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TORA_SILENT turns the line off."""
    monkeypatch.setenv("TORA_SILENT", "1")
    await tora.aio.setup("global", server_url=server.url)
    assert capsys.readouterr() == ("", "")
    await tora.aio.shutdown()


async def test_the_global_calls_log_to_the_experiment(server: Server) -> None:
    """What tlog logs is stored with the arguments of setup, and shutdown finishes the run."""
    experiment = await tora.aio.setup(
        "global", description="why", hyperparams={"lr": 0.1}, tags=["a"], server_url=server.url
    )
    for step in range(10):
        await tora.aio.tlog("loss", 1 / (step + 1), step, {"batch": step})
    assert (await tora.aio.flush()).stored == 10
    await tora.aio.tlog("loss", 0.0, 10)
    assert (await tora.aio.shutdown()).stored == 11
    assert summaries(server.url, experiment)["loss"]["count"] == 11
    shown = data(f"{server.url}/experiments/{experiment}")
    assert (shown["name"], shown["description"], shown["tags"], shown["status"]) == ("global", "why", ["a"], "finished")


async def test_a_second_setup_is_an_error(server: Server) -> None:
    """It names the experiment that is set up already, which goes on; after shutdown there can be another."""
    first = await tora.aio.setup("first", server_url=server.url)
    with pytest.raises(tora.ToraError, match=first):
        await tora.aio.setup("second", server_url=server.url)
    await tora.aio.tlog("loss", 1.0)
    await tora.aio.shutdown()
    second = await tora.aio.setup("second", server_url=server.url)
    assert second != first
    await tora.aio.shutdown()
    assert summaries(server.url, first)["loss"]["count"] == 1


async def test_a_setup_that_fails_leaves_nothing(server: Server) -> None:
    """After an error there is no experiment, and the next setup works."""
    with pytest.raises(tora.ToraValidationError):
        await tora.aio.setup("", server_url=server.url)
    assert not tora.aio.is_initialized()
    await tora.aio.setup("global", server_url=server.url)
    await tora.aio.shutdown()


async def test_logging_without_setup_is_an_error() -> None:
    """It says which call is missing; flush and shutdown have nothing to do."""
    with pytest.raises(tora.ToraError, match=r"tora\.setup"):
        await tora.aio.tlog("loss", 1.0)
    assert (await tora.aio.flush()).logged == 0
    assert (await tora.aio.shutdown()).logged == 0

"""The handler of Python's `logging`."""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.found import experiment
from tests.support.programs import run
from tests.support.serving import Server
from tora import Tora
from tora.integrations.logging import ToraHandler


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of the test's own, whose handlers are gone at its end."""
    made = logging.Logger("training", logging.INFO)  # noqa: LOG001  # one that no other test finds
    yield made
    for handler in made.handlers:
        handler.close()


def test_records_with_metrics_are_logged(server: Server, logger: logging.Logger) -> None:
    """The numbers of a record become metrics at its step; other records, and those below the level, pass by."""
    handler = ToraHandler("handler", server_url=server.url, hyperparams={"lr": 0.1})
    logger.addHandler(handler)
    for step in range(5):
        logger.info("epoch %d", step, extra={"metrics": {"loss": 1 / (1 + step), "accuracy": step}, "step": step})
    logger.info("no metrics")
    logger.debug("below", extra={"metrics": {"loss": 9.0}})
    logger.warning("no step", extra={"metrics": {"time": 2.5}})
    logger.warning("no mapping", extra={"metrics": 3})
    handler.close()
    logger.info("after the end", extra={"metrics": {"loss": 9.0}})

    found = experiment(server, "handler")
    assert found.status == "finished"
    assert found.hyperparams == {"lr": 0.1}
    assert found.points == {
        "loss": [(step, 1 / (1 + step)) for step in range(5)],
        "accuracy": [(step, float(step)) for step in range(5)],
        "time": [(None, 2.5)],
    }


def test_wrong_values_never_raise(server: Server, logger: logging.Logger, caplog: Any) -> None:
    """What is no number is left out with one warning a name, whatever the record's step is."""
    with Tora.create_experiment("wrong records", server_url=server.url) as client:
        logger.addHandler(ToraHandler(client=client))
        with caplog.at_level(logging.WARNING, "tora"):
            for _ in range(3):
                logger.info("wrong", extra={"metrics": {"loss": "low", "accuracy": 0.5}, "step": "third"})
        logger.handlers[0].close()
        assert not client.is_closed
    assert experiment(server, "wrong records").points == {"accuracy": [(None, 0.5)] * 3}
    assert len(caplog.messages) == 2


def test_a_configured_handler_ends_with_the_program(server: Server, tmp_path: Path) -> None:
    """`dictConfig`, a second one and the program's end each end what was there, in silence."""
    script = f"""
        import logging.config
        def configure(name):
            logging.config.dictConfig({{
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {{"tora": {{"class": "tora.integrations.logging.ToraHandler", "name": name,
                                        "server_url": {server.url!r}, "level": "INFO"}}}},
                "root": {{"handlers": ["tora"], "level": "DEBUG"}},
            }})
            log = logging.getLogger("any")
            log.info("one", extra={{"metrics": {{"loss": 0.5}}, "step": 1}})
            log.debug("two", extra={{"metrics": {{"loss": 0.25}}, "step": 2}})
        configure("configured first")
        configure("configured again")
    """
    ended = run(script, tmp_path / "tora")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    for name in ("configured first", "configured again"):
        found = experiment(server, name)
        assert (found.status, found.points) == ("finished", {"loss": [(1, 0.5)]})


def test_without_an_experiment_a_program_goes_on(logger: logging.Logger, caplog: Any) -> None:
    """Where none can be created records are logged all the same, with one warning."""
    logger.addHandler(ToraHandler("nowhere", server_url="no-address"))
    for _ in range(2):
        logger.info("lost", extra={"metrics": {"loss": 1.0}})
    assert len(caplog.messages) == 1
    assert "no-address" in caplog.messages[0]

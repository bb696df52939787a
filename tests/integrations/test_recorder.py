"""What all integrations share: whose client it is, and what becomes of names and values that Tora does not take."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tora
from tests.integrations.found import experiment, experiments
from tests.support.serving import Server
from tora import Tora, validation
from tora.integrations import _values
from tora.integrations._client import Recorder


def _recorder(server: Server, name: str, **options: Any) -> Recorder:
    given: Any = {"server_url": server.url, **options}
    return Recorder(name, None, given, default_name="by default")


def test_what_is_no_number_is_left_out_with_one_warning(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Arrays of one element are numbers; for other values there is a warning a name, and nothing raises."""
    recorder = _recorder(server, "odd values")
    with caplog.at_level(logging.WARNING, "tora"):
        for step in range(2):
            recorder.log({"one": np.array([step]), "two": np.zeros(2), "text": "1", 3: True, "huge": 10**400}, step)
    recorder.end()
    assert experiment(server, "odd values").points == {"one": [(0, 0.0), (1, 1.0)], "3": [(0, 1.0), (1, 1.0)]}
    assert [record.getMessage().split("'")[1] for record in caplog.records] == ["two", "text", "huge"]


def test_bad_names_and_steps_are_made_valid(server: Server) -> None:
    """Long names stay apart, control characters are replaced, and a step that is none is left out."""
    recorder = _recorder(server, "odd names")
    recorder.log({"a" * 300: 1, "a" * 300 + "b": 2, "line\nend": 3, "": 4}, -1)
    recorder.log({"noted": 5}, 1, {"seen": object()})
    recorder.end()
    points = experiment(server, "odd names").points
    assert points.pop("noted") == [(1, 5.0)]
    assert sorted(value for ((_, value),) in points.values()) == [1, 2, 3, 4]
    assert {"line_end", "unnamed"} < points.keys()
    assert all(step is None for ((step, _),) in points.values())


@pytest.mark.parametrize("shape", [dict, lambda found: {"nested": found}])
def test_hyperparameters_are_made_valid(shape: Callable[[dict[Any, Any]], dict[Any, Any]]) -> None:
    """Whatever a framework keeps becomes hyperparameters that Tora takes."""
    itself: dict[Any, Any] = {}
    itself["again"] = itself
    odd: dict[Any, Any] = {
        1: "a",
        "k" * 300: None,
        "f": print,
        "a": np.ones(3),
        "text": "x" * 20_000,
        "bad": "\ud800",
        "big": 10**30,
    }
    odd |= {"nan": float("nan"), "list": [1, [2, "\ud800"]], "many": dict.fromkeys(range(2_000)), "self": itself}
    made = _values.hyperparams(shape(odd))
    assert validation.hyperparams(made).keys() == made.keys()
    assert len(made) == validation.MAX_HYPERPARAMS
    assert _values.LONGEST_NAME == validation.MAX_METRIC_NAME == validation.MAX_HYPERPARAM_KEY


def test_who_creates_ends(server: Server) -> None:
    """An experiment of its own is ended, may go on, and another one begins otherwise; a caller's client is left."""
    recorder = _recorder(server, "own recorder", hyperparams={"lr": 1})
    recorder.begin(hyperparams={"lr": 2, "found": {"deep": 3}})
    recorder.end(ArithmeticError("broken"))
    assert experiment(server, "own recorder").status == "failed"
    recorder.resume()
    recorder.begin(hyperparams={"later": 4, "lr": 5})
    recorder.log({"loss": 1}, 1)
    recorder.end()
    found = experiment(server, "own recorder")
    assert (found.status, found.points) == ("finished", {"loss": [(1, 1.0)]})
    assert found.hyperparams == {"lr": 1, "found.deep": 3, "later": 4}
    recorder.log({"loss": 2}, 1)
    recorder.end()
    assert len(experiments(server, "own recorder")) == 2
    with Tora.create_experiment("theirs", server_url=server.url) as client:
        given = Recorder(None, client, {}, default_name="by default")
        given.end()
        assert not client.is_closed
    given.log({"loss": 1})
    assert experiment(server, "theirs").points == {}


def test_wrong_arguments_are_told(server: Server) -> None:
    """A client beside what a new experiment takes, and an argument that there is not, are told at once."""
    with (
        Tora.create_experiment("both", server_url=server.url) as client,
        pytest.raises(tora.ToraValidationError, match="client= and name, tags"),
    ):
        Recorder("mine", client, {"tags": ["a"]}, default_name="by default")
    with pytest.raises(TypeError, match=r"'tag'.*tags"):
        Recorder("mine", None, {"tag": "a"}, default_name="by default")  # type: ignore[typeddict-unknown-key]


def test_its_address_is_printed(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """As with `tora.setup()` people see where the page is."""
    recorder = _recorder(server, "shown")
    client = recorder.begin()
    recorder.end()
    assert capsys.readouterr().out == f"Tora experiment: {client.url}\n"

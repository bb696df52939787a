"""What may be logged and what an experiment may carry: values in, plain values or a clear error out."""

from __future__ import annotations

import dataclasses
import enum
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tora import config, validation
from tora.errors import ToraConfigurationError, ToraValidationError


class Text(str):
    """A string of another class, as numpy.str_ is one."""

    __slots__ = ()


class Level(enum.IntEnum):
    """A number with a name."""

    LOW = 1


@dataclasses.dataclass
class Optimizer:
    """A part of a configuration."""

    lr: float = 0.1
    betas: tuple[float, float] = (0.9, math.nan)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (math.nan, "NaN"),
        (np.float32("nan"), "NaN"),
        ([math.inf, 1.0], ["Infinity", 1.0]),
        (np.array([np.nan, -np.inf]), ["NaN", "-Infinity"]),
        (np.int64(3), 3),
        (np.bool_(1), True),
        (np.str_("adam"), "adam"),
        (Text("adam"), "adam"),
        (Level.LOW, 1),
        (Path("/data/set"), "/data/set"),
        ((1, 2), [1, 2]),
        (Optimizer(), {"lr": 0.1, "betas": [0.9, "NaN"]}),
    ],
)
def test_a_hyperparameter_becomes_plain_json(given: object, kept: object) -> None:
    """Numpy values, subclasses, paths and dataclasses are taken; NaN and infinities keep their names."""
    assert validation.hyperparams({"key": given}) == {"key": kept}
    assert validation.metadata({"key": given}) == {"key": kept}


@pytest.mark.parametrize("given", [object(), np.float32, "\ud800", {1j: 1}, {"a": {"b": object()}}])
def test_what_json_cannot_say_is_refused(given: Any) -> None:
    """The error names the field."""
    with pytest.raises(ToraValidationError, match="metadata must be JSON"):
        validation.metadata({"key": given})


def test_nesting_has_a_bound_that_every_parser_can_follow() -> None:
    """What is nested too deeply, or holds itself, is refused at the call and never reaches the journal."""
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(990):
        inner["in"] = {}
        inner = inner["in"]
    inner["in"] = deep
    for check in (validation.metadata, validation.hyperparams):
        with pytest.raises(ToraValidationError, match="nested at most"):
            check(deep)
    assert validation.metadata({"a": {"b": {"c": [[[1]]]}}}) == {"a": {"b": {"c": [[[1]]]}}}


@pytest.mark.parametrize("given", [np.str_("loss"), Text("loss")])
def test_a_name_becomes_a_plain_string(given: str) -> None:
    """A string of another class is kept as what it says."""
    assert type(validation.metric_name(given)) is str
    assert type(validation.experiment_name(given)) is str


@pytest.mark.parametrize("given", [1j, np.complex128(1 + 2j), np.complex64(1j)])
def test_a_complex_number_is_no_value(given: Any) -> None:
    """Half of a number would be lost without a word."""
    with pytest.raises(ToraValidationError, match="must be a number"):
        validation.metric_value(given)


@pytest.mark.parametrize("url", ["http://a..b", f"http://{'x' * 64}.example", "http://[::1"])
def test_a_host_that_no_lookup_takes_is_no_url(url: str) -> None:
    """It is a configuration error at the call, not a strange one on the way."""
    with pytest.raises(ToraConfigurationError, match="server_url"):
        config.server_url(url)

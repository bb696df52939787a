"""What the environment of a distributed run tells of a writer, and what Ray does."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tora import config
from tora._async.labels import found, of_this_process
from tora._async.ray_actor import ray_actor
from tora.errors import ToraConfigurationError

TORCHRUN = {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8", "TORCHELASTIC_RUN_ID": "none"}
SLURM = {"SLURM_PROCID": "2", "SLURM_NODEID": "1", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4"}


@pytest.mark.parametrize(
    ("environ", "rank"),
    [
        (TORCHRUN, "5"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "0"),
        ({"RANK": "0", "TORCHELASTIC_RUN_ID": "abc"}, "0"),
        (SLURM, "2"),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, "0"),
        ({"SLURM_PROCID": "3"}, "3"),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, "1"),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, "1"),
        (SLURM | TORCHRUN, "5"),
    ],
)
def test_a_rank_is_found(environ: dict[str, str], rank: str) -> None:
    """Each launcher's variables give the rank, the innermost launcher's first, and the machine beside it."""
    assert found(environ, "gpu-07") == {"rank": rank, "node": "gpu-07"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"RANK": "3"},
        {"RANK": "0", "WORLD_SIZE": "1", "TORCHELASTIC_RUN_ID": "none"},
        {"RANK": "first", "WORLD_SIZE": "2"},
        {"SLURM_PROCID": "0"},
        {"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "1"},
        {"PMI_RANK": "0", "PMI_SIZE": "1"},
        {"LOCAL_RANK": "1", "WORLD_SIZE": "2"},
    ],
)
def test_a_single_process_has_no_labels(environ: dict[str, str]) -> None:
    """One process alone has none, whatever started it, and a RANK that nobody else speaks of is somebody else's."""
    assert found(environ, "gpu-07") == {}


def test_an_actor_has_a_rank_only_of_its_own() -> None:
    """What Ray's node was started with is not the actor's; what Ray Train sets is."""
    assert found(SLURM, "gpu-07", "sampler-7") == {"actor": "sampler-7", "node": "gpu-07"}
    assert found(SLURM | TORCHRUN, "gpu-07", "worker") == {"rank": "5", "actor": "worker", "node": "gpu-07"}
    assert found({}, "", "x" * 200) == {"actor": "x" * 100}


class Context:
    """What Ray says of an actor."""

    def __init__(self, actor: str | None, name: str = "", kind: str = "") -> None:
        self.get_actor_id = lambda: actor
        self.get_actor_name = lambda: name
        self.current_actor = type("Handle", (), {"__repr__": lambda _: f"Actor({kind}, {actor})"})()


@pytest.mark.parametrize(
    ("context", "name"),
    [
        (Context("0123456789abcdef", "sampler-7"), "sampler-7"),
        (Context("0123456789abcdef", "", "Sampler"), "Sampler-01234567"),
        (Context("0123456789abcdef", "", "main.<locals>.Sampler"), "Sampler-01234567"),
        (Context("0123456789abcdef"), "actor-01234567"),
        (Context(None), None),
    ],
)
def test_an_actor_is_named(monkeypatch: pytest.MonkeyPatch, context: Context, name: str | None) -> None:
    """By its own name, else by its class and the beginning of its id; a driver and a task are no actors."""
    ray = SimpleNamespace(is_initialized=lambda: True, get_runtime_context=lambda: context)
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert ray_actor() == name


def test_trouble_with_ray_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ray that is not there, not started, or fails gives no name."""
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    assert ray_actor() is None
    for half in (SimpleNamespace(), SimpleNamespace(is_initialized=lambda: False)):
        monkeypatch.setitem(sys.modules, "ray", half)
        assert ray_actor() is None


def test_what_a_person_says_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given with a handle, then TORA_LABELS, then what is found; never more than sixteen."""
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TORA_LABELS", "node=here, role = eval ,")
    assert of_this_process({"rank": "9"}) == {"rank": "9", "node": "here", "role": "eval"}
    many = {str(number): "x" for number in range(16)}
    assert of_this_process(many) == many


@pytest.mark.parametrize(
    ("value", "says"),
    [("rank", "'rank' has no ="), ("rank=", "labels['rank']"), ("=3", "label name"), (f"a={'x' * 101}", "at most 100")],
)
def test_a_wrong_setting_is_refused_and_harms_no_metric(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str, says: str
) -> None:
    """Loading the settings names the variable; a writer that begins with it has only what is found."""
    monkeypatch.setenv("TORA_LABELS", value)
    for load in (config.load, config.labels):
        with pytest.raises(ToraConfigurationError) as raised:
            load()
        assert "TORA_LABELS" in str(raised.value)
        assert says in str(raised.value)
    with caplog.at_level(logging.WARNING, "tora"):
        assert of_this_process({}) == {}
    assert "TORA_LABELS" in caplog.text


def test_the_file_may_have_labels(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a table; numbers are taken as text."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = config.config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('labels = { machine = "a100", slot = 3 }', encoding="utf-8")
    assert config.labels() == {"machine": "a100", "slot": "3"}

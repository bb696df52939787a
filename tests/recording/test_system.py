"""The machine is watched by the owner of an experiment, and by nobody else."""

from __future__ import annotations

import multiprocessing
import os
import sys
from types import ModuleType, SimpleNamespace

import pytest

from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server
from tora import Tora
from tora._async import companions
from tora._async.gpus import Gpus
from tora._async.machine import Machine

ALWAYS = {
    *("system/cpu_percent", "system/memory_percent", "system/process_memory_mb", "system/disk_percent"),
    *("system/network_sent_mb_per_s", "system/network_received_mb_per_s"),
}


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is read, as it is by itself, and as often as a test can wait for."""
    monkeypatch.delenv("TORA_SYSTEM")
    monkeypatch.setattr(companions, "SYSTEM_EVERY", 0.05)


def test_the_owner_logs_what_the_machine_does(server: Server, often: None) -> None:
    """Each reading is a point without a step of each metric, within its bounds; it ends with the client."""
    with Tora.create_experiment("system metrics", server_url=server.url) as client:
        until(lambda: _readings(server, client.experiment_id) > 2, "third reading")
    found = http.summaries(server.url, client.experiment_id)
    assert found.keys() >= ALWAYS
    for name, summary in found.items():
        assert summary["min"] >= 0, name
        assert summary["lastStep"] is None
        if name.endswith("_percent"):
            assert summary["max"] <= 100, name
    assert found["system/process_memory_mb"]["max"] > 10
    assert client.stats.logged == client.stats.stored == sum(one["count"] for one in found.values())


def _readings(server: Server, experiment: str) -> int:
    found = http.summaries(server.url, experiment)
    return int(found["system/cpu_percent"]["count"]) if "system/cpu_percent" in found else 0


def test_it_can_be_switched_off(server: Server, often: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TORA_SYSTEM=off there is no such metric, and nothing that would read the machine."""
    monkeypatch.setenv("TORA_SYSTEM", "off")
    with Tora.create_experiment("no system metrics", server_url=server.url) as client:
        members = client._impl._writer.companions._members
        assert [type(each) for each in members] == [companions.ContextTeller]


def _log_in_child(client: Tora) -> None:
    client.log("of the child", 1.0)
    client.flush()
    os._exit(1 if client._impl._writer.companions._members else 0)


def test_a_forked_child_watches_nothing(server: Server, often: None) -> None:
    """The child of a fork logs what it is told to, and none of the machine's metrics."""
    with Tora.create_experiment("forked", server_url=server.url) as client:
        child = multiprocessing.get_context("fork").Process(target=_log_in_child, args=(client,))
        child.start()
        child.join(30)
        assert child.exitcode == 0
        writers = http.data(f"{server.url}/experiments/{client.experiment_id}/writers")
        assert [one["through"] for one in writers if one["writer"] != client._impl._writer.id] == [1]


class _NVMLError(Exception):
    """What the library raises."""


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A stand-in for NVIDIA's library, which needs a card: two GPUs, the second of which tells little."""

    def only_first(value: object) -> object:
        def ask(handle: int, *_: object) -> object:
            if handle:
                raise _NVMLError
            return value

        return ask

    nvml = ModuleType("pynvml")
    found = {
        "NVMLError": _NVMLError,
        "NVML_TEMPERATURE_GPU": 0,
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda number: number,
        "nvmlDeviceGetName": lambda number: [b"NVIDIA H100", "NVIDIA T4"][number],
        "nvmlDeviceGetUtilizationRates": lambda _: SimpleNamespace(gpu=40),
        "nvmlDeviceGetMemoryInfo": only_first(SimpleNamespace(used=20, total=80)),
        "nvmlDeviceGetTemperature": only_first(61),
        "nvmlDeviceGetPowerUsage": only_first(250_500),
    }
    for name, value in found.items():
        setattr(nvml, name, value)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    return nvml


def test_gpus_are_read(two_gpus: ModuleType) -> None:
    """Each GPU has its own metrics; what one does not tell is left out."""
    gpus = Gpus.found()
    assert gpus.names() == ["NVIDIA H100", "NVIDIA T4"]
    assert gpus.readings() == {
        "0.utilization": 40.0,
        "0.memory_percent": 25.0,
        "0.temperature": 61.0,
        "0.power_watts": 250.5,
        "1.utilization": 40.0,
    }
    assert Machine().metrics()["system/gpu.0.power_watts"] == 250.5


def test_a_machine_without_gpus_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library, or without a driver for it, there is nothing to ask."""
    assert Gpus(None).names() == []
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpus.found() == Gpus(None)

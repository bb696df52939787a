"""What the tests of `tora import` from other trackers have in common."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

from tests.cli.conftest import Tora
from tests.support import http
from tests.support.serving import Server

__all__ = ["Points", "bits", "counts", "imported", "record", "stored"]

Points: TypeAlias = dict[str, list[tuple[int | None, float, bytes]]]
"""Of each metric, in their order: step, time and the value's bits."""


def bits(value: float) -> bytes:
    """Return a double as its bytes: NaN equals itself, and zeros differ by their sign."""
    return struct.pack("d", value)


def imported(tora: Tora, *arguments: str) -> dict[str, Any]:
    """Import and return what is told of it."""
    found: dict[str, Any] = json.loads(tora("import", *arguments, "--json").stdout)
    return found


def stored(server: Server, run: Mapping[str, Any]) -> Points:
    """Return all points of the experiment that a run was imported into."""
    answer = http.request("GET", f"{server.url}/experiments/{run['experiment']}/export?format=jsonl", key=server.key)
    found: Points = {}
    for line in answer.body.splitlines():
        point = json.loads(line)
        found.setdefault(point["name"], []).append((point["step"], point["time"], bits(float(point["value"]))))
    return found


def record(server: Server, run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the experiment's record, its hyperparameters as a mapping."""
    found = http.request("GET", f"{server.url}/experiments/{run['experiment']}", key=server.key).json()["data"]
    return {**found, "hyperparams": {pair["key"]: pair["value"] for pair in found["hyperparams"]}}


def counts(left: list[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many of each kind were left out."""
    return {each["kind"]: each["count"] for each in left}

"""What a server has of the experiments that an integration made, read by plain HTTP."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

from tests.support.http import data, request
from tests.support.serving import Server

__all__ = ["Found", "experiment", "experiments"]


@frozen
class Found:
    """One experiment with all its points.

    Attributes:
        points: Step and value of each point, by the metric's name, in the order in which they came.
        metadata: The metadata of each point, likewise.
    """

    id: str
    name: str
    status: str
    hyperparams: dict[str, Any]
    tags: list[str]
    points: dict[str, list[tuple[int | None, float]]] = field(factory=dict)
    metadata: dict[str, list[dict[str, Any] | None]] = field(factory=dict)


def experiment(server: Server, name: str) -> Found:
    """Return the one experiment of a name."""
    (found,) = [each for each in experiments(server, name) if each.name == name]
    return found


def experiments(server: Server, name: str) -> list[Found]:
    """Return the test's experiments of a name, and those that are told apart behind a slash, the oldest first."""
    items = data(f"{server.url}/experiments?sort=created&q={quote(name)}")["items"]
    below = f"{name.rstrip('/')}/"
    return [
        _read(server, item["id"])
        for item in items
        if (item["name"] == name or item["name"].startswith(below))
        and (server.since is None or datetime.fromisoformat(item["createdAt"]) >= server.since)
    ]


def _read(server: Server, experiment_id: str) -> Found:
    record = data(f"{server.url}/experiments/{experiment_id}")
    found = Found(
        record["id"],
        record["name"],
        record["status"],
        {each["key"]: each["value"] for each in record["hyperparams"]},
        record["tags"],
    )
    for line in request("GET", f"{server.url}/experiments/{experiment_id}/export?format=jsonl").body.splitlines():
        point = json.loads(line)
        found.points.setdefault(point["name"], []).append((point["step"], float(point["value"])))
        found.metadata.setdefault(point["name"], []).append(point["metadata"])
    return found

"""The published tora 0.0.12, with today's server at ``TORA_BASE_URL`` and its key in ``TORA_API_KEY``."""

from __future__ import annotations

import json
import os
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = "tora"

tora: Any = import_module(PACKAGE)
_client: Any = None


def init(folder: str) -> None:
    """Create an experiment."""
    global _client  # noqa: PLW0603  # one run a process
    _client = tora.Tora.create_experiment("peers", server_url=os.environ["TORA_BASE_URL"])
    Path(folder, "experiment").write_text(_client.experiment_id, encoding="utf-8")


def log(name: str, value: float, step: int) -> None:
    """Log one scalar; this version calls it `metric`."""
    _client.metric(name, value, step)


def finish() -> None:
    """Shut the client down."""
    _client.shutdown()


def count(folder: str) -> int:
    """Count what the server exports."""
    experiment = Path(folder, "experiment").read_text(encoding="utf-8")
    asked = urllib.request.Request(
        f"{os.environ['TORA_BASE_URL']}/experiments/{experiment}/export?format=jsonl",
        headers={"x-api-key": os.environ["TORA_API_KEY"]},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=300) as answer:
        return sum(json.loads(line)["name"] == "loss" for line in answer)

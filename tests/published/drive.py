"""Runs one published client, away from Tora's own source: ``python -I -S drive.py FOLDER SCENARIO ARGUMENTS``.

The client's folder is the only one added to an interpreter that has the standard library alone.
What was seen is printed as one JSON object on the last line.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any


def log(tora: Any, url: str, count: int, max_buffer_len: int) -> dict[str, Any]:
    """Create an experiment, log numbers to it, load it again and log one more."""
    with tora.Tora.create_experiment(
        "a published client",
        description="logs as it always did",
        hyperparams={"lr": 0.1, "depth": 3, "optimizer": "adam"},
        tags=["published", "old"],
        max_buffer_len=max_buffer_len,
        server_url=url,
    ) as client:
        for i in range(count):
            _log_one(client, "loss", 1 / (i + 1), i)
    loaded = tora.Tora.load_experiment(client.experiment_id, server_url=url)
    _log_one(loaded, "after/loading", 7, 0)
    loaded.shutdown()
    return {
        "id": client.experiment_id,
        "url": getattr(loaded, "url", None),
        "left": client.buffer_size + loaded.buffer_size,
        "hyperparams": loaded._hyperparams if hasattr(loaded, "_hyperparams") else loaded.hyperparams,
        "tags": loaded._tags if hasattr(loaded, "_tags") else loaded.tags,
    }


def log_globally(tora: Any, count: int) -> dict[str, Any]:
    """Use the global functions, with the server that TORA_BASE_URL names."""
    found = tora.setup("a published client, globally")
    for i in range(count):
        if hasattr(tora, "tlog"):
            tora.tlog("loss", 1 / (i + 1), i, {"epoch": i // 10})
        else:
            tora.tmetric("loss", 1 / (i + 1), i)
    if hasattr(tora, "tresult"):
        tora.tresult("accuracy", 0.97)
    tora.shutdown()
    return {"id": found}


def send_twice(tora: Any, url: str, count: int) -> dict[str, Any]:
    """Send the same batch twice, as the client does when the first answer was lost."""
    client = tora.Tora.create_experiment("sent twice", max_buffer_len=count + 1, server_url=url)
    for i in range(count):
        _log_one(client, "loss", i, i)
    batch = list(client._buffer)
    client.flush()
    client._buffer = batch
    client.shutdown()
    return {"id": client.experiment_id, "left": client.buffer_size}


def workspace(tora: Any, url: str, key: str) -> dict[str, Any]:
    """Create a workspace, and an experiment in it."""
    made = tora.create_workspace("of a published client", description="made with a key", api_key=key, server_url=url)
    client = tora.Tora.create_experiment("in a workspace", workspace_id=made["id"], api_key=key, server_url=url)
    client.shutdown()
    return {"workspace": made, "id": client.experiment_id}


def refusals(tora: Any, url: str, dead_url: str, unknown: str) -> dict[str, Any]:
    """Return the error of each wrong use: its class and what it says."""
    create, load = tora.Tora.create_experiment, tora.Tora.load_experiment
    closed = create("closed", server_url=url)
    closed.shutdown()
    raised = {
        "create, wrong key": _raised(lambda: create("x", api_key="wrong", server_url=url)),
        "load, wrong key": _raised(lambda: load(closed.experiment_id, api_key="wrong", server_url=url)),
        "workspace, wrong key": _raised(lambda: tora.create_workspace("x", api_key="wrong", server_url=url)),
        "workspace, no key": _raised(lambda: tora.create_workspace("x", server_url=url)),
        "load, unknown experiment": _raised(lambda: load(unknown, server_url=url)),
        "create, unknown workspace": _raised(lambda: create("x", workspace_id=unknown, server_url=url)),
        # The client checks less here than the server does, so this is the server's refusal.
        "create, description too long": _raised(lambda: create("x", description="d" * 10_001, server_url=url)),
        "create, empty name": _raised(lambda: create(" ", server_url=url)),
        "log, closed": _raised(lambda: _log_one(closed, "loss", 1, 1)),
        "create, no server": _raised(lambda: create("x", server_url=dead_url)),
    }
    return {"raised": raised}


def _log_one(client: Any, name: str, value: float, step: int) -> None:
    # 0.0.12 renamed `log` to `metric`.
    (client.log if hasattr(client, "log") else client.metric)(name, value, step)


def _raised(call: Callable[[], object]) -> list[str]:
    try:
        call()
    except Exception as exc:  # noqa: BLE001 - whatever comes is what the test compares
        return [type(exc).__name__, str(exc)]
    return ["nothing", ""]


def main() -> None:
    """Run the scenario that the command line names."""
    folder, scenario, arguments = sys.argv[1:]
    sys.path.insert(0, folder)
    tora: Any = importlib.import_module("tora")

    if not tora.__file__.startswith(folder):
        raise SystemExit(f"the wrong tora was imported: {tora.__file__}")
    known = {function.__name__: function for function in (log, log_globally, send_twice, workspace, refusals)}
    seen = known[scenario](tora, **json.loads(arguments))
    print(json.dumps({"version": tora.__version__, **seen}))


if __name__ == "__main__":
    main()

"""Make a data folder with another version of Tora, the one on PYTHONPATH, and note what its server answers about it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

WRITERS = ("w-0", "w-1", "w-2")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(url: str, method: str, path: str, body: object = None, key: str = "") -> bytes:
    """Make one call that must succeed and return its body."""
    payload = None if body is None else json.dumps(body).encode()
    headers = {"x-api-key": key} if key else {}
    with OPENER.open(urllib.request.Request(url + path, payload, headers, method=method)) as answer:
        found: bytes = answer.read()
        return found


def fill(url: str, key: str) -> None:
    """Make what a folder of that version can hold."""
    workspace = json.loads(call(url, "POST", "/workspaces", {"name": "Vision", "description": "models that see"}, key))[
        "data"
    ]["id"]
    call(url, "POST", "/workspaces", {"name": "Empty"}, key)
    parameters = [{"key": "lr", "value": 0.001}, {"key": "optimizer", "value": "adam"}, {"key": "nested", "value": 3}]
    made: list[dict[str, Any]] = [
        {"id": "several", "name": "several writers", "workspaceId": workspace, "tags": ["a", "größer"]},
        {"id": "steps", "name": "steps and none", "description": "both", "hyperparams": parameters},
        {"id": "odd", "name": "NaN & <b>infinities</b>", "tags": ["odd"]},
        {"id": "older", "name": "of a published client"},
        {"id": "empty", "name": "nothing logged"},
    ]
    for each in made:
        call(url, "POST", "/experiments", each, key)
    for place, writer in enumerate(WRITERS):
        for first in range(1, 601, 200):
            logs: list[dict[str, Any]] = [
                {"name": name, "value": number / (place + 1), "step": number * 2, "time": 1.7e9 + number}
                for number in range(first, first + 200)
                for name in (("loss", "acc")[number % 2],)
            ]
            call(
                url, "POST", "/experiments/several/logs/batch", {"writer": writer, "firstSeq": first, "logs": logs}, key
            )
    logs = [{"name": "stepless", "value": number, "metadata": {"epoch": number, "note": "ä"}} for number in range(50)]
    logs += [{"name": "late", "value": number, "step": 100 - number} for number in range(50)]
    call(url, "POST", "/experiments/steps/logs/batch", {"writer": "one", "firstSeq": 1, "logs": logs}, key)
    values: list[float | str] = [1.5, "NaN", "Infinity", "-Infinity", -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2]
    logs = [{"name": "x", "value": value, "step": step} for step, value in enumerate(values)]
    call(url, "POST", "/experiments/odd/logs/batch", {"writer": "nan", "firstSeq": 1, "logs": logs}, key)
    metrics = [{"name": "loss", "value": number, "step": number} for number in range(20)]
    call(url, "POST", "/experiments/older/metrics/batch", {"metrics": metrics}, key)
    call(url, "PATCH", "/experiments/steps", {"notes": "# what was seen\n\nall **well**", "tags": ["changed"]}, key)
    for experiment, status in (("several", "finished"), ("odd", "failed"), ("older", "stopped")):
        call(url, "PATCH", f"/experiments/{experiment}", {"status": status}, key)
    call(url, "POST", "/experiments/several/heartbeat", {"writer": "w-1", "status": "finished"}, key)


def answers(url: str, key: str) -> dict[str, Any]:
    """Return what the server says about everything."""
    paths = ["/workspaces", "/experiments?sort=created&limit=100"]
    for experiment in ("several", "steps", "odd", "older", "empty"):
        paths += [f"/experiments/{experiment}{rest}" for rest in ("", "/metrics", "/writers", "/export?format=jsonl")]
    paths.remove("/experiments/empty/export?format=jsonl")  # that version could not
    return {path: call(url, "GET", path, key=key).decode() for path in paths}


def main(target: Path) -> None:
    """Make the archive."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        command = [sys.executable, "-m", "tora", "server", "--dir", str(folder), "--port", "0"]
        with subprocess.Popen(command, env={**os.environ, "TORA_DIR": str(folder)}) as server:
            while not (folder / "server.json").exists():
                time.sleep(0.05)
            url = json.loads((folder / "server.json").read_text())["url"]
            key = (folder / "local-key").read_text().strip()
            fill(url, key)
            said = answers(url, key)
            server.send_signal(signal.SIGTERM)
        (Path(name) / "expected.json").write_text(json.dumps(said, indent=1, ensure_ascii=False), "utf-8")
        with tarfile.open(target, "w:gz") as tar:
            for path in [
                *sorted(folder.glob("*.sqlite*")),
                *sorted(folder.glob("*.duckdb*")),
                Path(name) / "expected.json",
            ]:
                tar.add(path, path.relative_to(name), filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""examples/digits.py, from an empty data folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support import http
from tests.support.serving import clean_environment
from tests.support.source import ROOT
from tora import rendezvous


def test_the_example_needs_nothing_but_itself(own_world: Path, tmp_path: Path) -> None:
    """With no server and no setting: the printed address opens, and holds exactly what the script computed."""
    computed = tmp_path / "computed.jsonl"
    ended = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "digits.py"), "--epochs", "3", "--json", str(computed)],
        cwd=tmp_path,
        env=clean_environment(TORA_DIR=str(own_world), TORA_PORT="0"),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    printed = re.search(r"^Tora experiment: (http://\S+)$", ended.stdout, re.MULTILINE)
    assert printed

    address, _, _ = printed[1].partition("#")
    page = http.request("GET", address)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    own = [json.loads(line) for line in computed.read_text(encoding="utf-8").splitlines()]
    assert [line["name"] for line in own] == ["train/loss", "train/accuracy", "test/accuracy"]
    server = address.rpartition("/e/")[0]
    http.use_key(server, rendezvous.local_key(own_world) or "")
    stored = http.summaries(server, own[0]["experiment"])
    assert stored.keys() == {line["name"] for line in own}
    for line in own:
        assert {key: stored[line["name"]][key] for key in ("count", "last", "min", "max")} == {
            key: line[key] for key in ("count", "last", "min", "max")
        }
    # It is a real training: in three epochs it recognises far more digits than chance would.
    accuracy = own[2]
    assert accuracy["count"] == 3
    assert accuracy["min"] < accuracy["last"]
    assert accuracy["last"] > 0.7

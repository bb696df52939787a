"""examples/ray_rollouts.py, small: every process's metrics are there, and come late where they should."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.http import data, summaries
from tests.support.programs import status
from tests.support.serving import Server, clean_environment
from tests.support.source import ROOT


def test_actors_learner_and_evaluator_log_to_one_experiment(server: Server, tmp_path: Path) -> None:
    """The example ends well; what it says is stored is what the server has, over all its processes."""
    small = ("--actors", "3", "--updates", "6", "--batch", "4", "--evaluate-every", "3")
    settings = {"TORA_SERVER_URL": server.url, "TORA_DIR": str(tmp_path / "tora"), "RAY_ADDRESS": "local"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "ray_rollouts.py"), *small],
        env=clean_environment(**settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [experiment] = re.findall(rf"{server.url}/e/(\S+)", done.stdout)
    [told] = re.findall(r"([\d,]+) metrics of 5 processes are stored", done.stdout)
    found = summaries(server.url, experiment)
    assert sum(metric["count"] for metric in found.values()) == int(told.replace(",", ""))
    assert found["learner/loss"]["count"] == 6
    assert found["evaluation/reward"]["count"] == 2
    assert found["rollout/reward"]["count"] >= 6 * 4
    labels = [writer["labels"] for writer in data(f"{server.url}/experiments/{experiment}/writers")]
    assert len({each["actor"] for each in labels if each}) == 4
    assert status(server.url, experiment) == "finished"

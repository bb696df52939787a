"""Journals as processes leave them behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.http import request
from tora import wire
from tora._async.journal import Header, Journal, journal_dir

__all__ = ["LINES", "left_behind", "new_experiment"]

LINES = [wire.encode_metric("loss", float(step), step, {"é": "x" * (step % 7)}, 1.8e9 + step) for step in range(40)]


def new_experiment(server_url: str, *, writer: str | None = None) -> str:
    """Create an experiment over plain HTTP and return its id."""
    answer = request("POST", f"{server_url}/experiments", {"name": "left behind"}, writer=writer)
    return str(answer.json()["data"]["id"])


def left_behind(
    folder: Path,
    server_url: str,
    experiment: str,
    writer: str = "w1",
    lines: Sequence[bytes] = LINES,
    token: str | None = None,
) -> Path:
    """Write the journal of a process that is gone, whole; return its path.

    Args:
        folder: The data folder.
        server_url: The server; empty for the local one of the folder.
        experiment: The experiment's id.
        writer: The writer's id.
        lines: What it holds.
        token: The experiment's write token.
    """
    journal = Journal.create(journal_dir(folder), Header(server_url, experiment, writer, token=token))
    journal.append(b"".join(lines))
    journal.close(remove=False)
    return journal.path

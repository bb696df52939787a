"""What made a run is what the programs on this machine say of it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, clean_environment
from tora._async import provenance
from tora._async.beginning import Beginning
from tora._async.repository import head_of, root_of, state_of

# Some end without a word, some say so; one runs for longer than it takes to find everything out.
SCRIPT = """
import sys, time, tora
print(tora.setup("context of a script"))
tora.tlog("loss", 1.0)
if "--wait" in sys.argv:
    sys.stdin.readline()
if "--shutdown" in sys.argv:
    tora.shutdown()
"""
QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it says."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments],
        env=os.environ | QUIET,
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a script, a branch and a remote."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch", "warm-up")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "remote", "add", "origin", "https://me:password@git.example.org/project.git")
    return folder


def environment(server: Server, tmp_path: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a script that logs to a server."""
    return clean_environment(
        TORA_SERVER_URL=server.url, TORA_DIR=str(tmp_path / "tora"), HOME=str(tmp_path), **settings
    )


def run(project: Path, env: dict[str, str], *arguments: str) -> str:
    """Run the script to its end and return the experiment's id."""
    command = [sys.executable, "train.py", *arguments]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, check=True, text=True, timeout=60)
    return done.stdout.splitlines()[-1]


def context(server: Server, experiment: str) -> dict[str, Any]:
    """Return what the server was told of a run."""
    found: dict[str, Any] = http.data(f"{server.url}/experiments/{experiment}")["context"]
    return found


def test_a_run_is_described_as_it_was(server: Server, project: Path, tmp_path: Path) -> None:
    """Of a run that ends at once, without a word: commit, branch, changes, command, machine and packages."""
    found = context(server, run(project, environment(server, tmp_path), "--lr", "0.1", "--api-key", "hidden"))
    assert found["git"] == {
        "commit": git(project, "rev-parse", "HEAD"),
        "branch": "warm-up",
        "dirty": False,
        "remote": "https://git.example.org/project.git",
    }
    python = sys.executable.replace(f"{tmp_path}/", "~/")
    assert found["arguments"] == [python, "train.py", "--lr", "0.1", "--api-key", "***"]
    assert found["command"] == f"{python} train.py --lr 0.1 --api-key '***'"
    assert (found["script"], found["directory"]) == ("~/project/train.py", "~/project")
    assert found["python"] == {"version": platform.python_version(), "executable": python}
    assert (found["host"], found["platform"]) == (
        socket.gethostname(),
        f"{platform.system()}-{platform.release()}-{platform.machine()}",
    )
    assert found["cpus"] == len(os.sched_getaffinity(0))
    assert found["memoryBytes"] > 10**8
    assert found["packages"]["attrs"] == importlib.metadata.version("attrs")
    assert found["packages"]["argon2-cffi"] == importlib.metadata.version("argon2-cffi")


def test_a_long_run_tells_while_it_goes_on(server: Server, project: Path, tmp_path: Path) -> None:
    """What a changed file, a detached HEAD and a worktree are is told soon after the beginning, not at the end."""
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    tree = tmp_path / "tree"
    (tree / "train.py").write_text(f"{SCRIPT}# changed\n", encoding="utf-8")
    env = environment(server, tmp_path)
    command = [sys.executable, "train.py", "--wait", "--shutdown"]
    with subprocess.Popen(
        command, cwd=tree, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        experiment = process.stdout.readline().strip()
        found = until(lambda: context(server, experiment), "context of a run that goes on")
        process.communicate("\n")
    assert found["git"]["commit"] == git(project, "rev-parse", "HEAD")
    assert found["git"]["dirty"] is True
    assert "branch" not in found["git"]
    assert process.returncode == 0


def test_it_can_be_switched_off(server: Server, project: Path, tmp_path: Path) -> None:
    """With TORA_CONTEXT=off nothing of it is told."""
    assert context(server, run(project, environment(server, tmp_path, TORA_CONTEXT="off"), "--shutdown")) == {}


def test_a_run_without_a_server_takes_it_along(server: Server, project: Path, tmp_path: Path) -> None:
    """Offline the commit and the command go into the journal, and `tora sync` brings them."""
    env = environment(server, tmp_path)
    experiment = run(project, env | {"TORA_MODE": "offline"}, "--shutdown")
    subprocess.run([sys.executable, "-m", "tora", "sync"], env=env, check=True, capture_output=True, timeout=60)
    found = context(server, experiment)
    assert found["git"] == {"commit": git(project, "rev-parse", "HEAD"), "branch": "warm-up"}
    assert found["script"] == "~/project/train.py"
    assert found["packages"]["attrs"] == importlib.metadata.version("attrs")


def test_a_repository_is_read_without_git(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no git, or its references are packed, the files say which commit it is."""
    git(project, "pack-refs", "--all")
    head = {"commit": git(project, "rev-parse", "HEAD"), "branch": "warm-up"}
    folder = project / "deeper"
    folder.mkdir()
    assert root_of(folder) == project
    assert head_of(project) == head
    monkeypatch.setenv("PATH", "")
    assert state_of(project, 1.0) == head
    monkeypatch.undo()
    (project / ".git" / "HEAD").write_text("nonsense", encoding="utf-8")
    assert head_of(project) == {}


def test_git_is_not_waited_for(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not answer in time is ended, and what the files say is told."""
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\necho $$ >> "$(dirname $0)/started"\nexec sleep 60\n', encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    assert state_of(project, 0.2) == head_of(project)
    for number in (slow.parent / "started").read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(number), 0)


def test_a_huge_command_line_is_cut(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """However much was given, the context is one that a server takes; what cannot be written is replaced."""
    monkeypatch.setattr(sys, "orig_argv", ["python", "x" * 10**6, "\udcff", *["y" * 2_000] * 5_000])
    found = provenance.in_full(Beginning(1.75e9, str(tmp_path), None), ("secret",), gpus=False)
    assert "host" in found
    assert "command" not in found or len(found["command"]) < 100_000
    assert found["startedAt"] == "2025-06-15T15:06:40.000Z"

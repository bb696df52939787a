"""Which commit a program runs from: asked of git within a bound, or read from its files at once."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from tora._async.masking import public_address

__all__ = ["head_of", "root_of", "state_of"]

_OBJECT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
LAST_SECONDS: Final = 0.1  # that a killed git may take to go
_BRANCHES: Final = "refs/heads/"

# What git would look for in its environment names another repository than the program's own.
_ELSEWHERE: Final = frozenset(
    {"GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"}
)
# It asks nobody for a password, writes nothing, and starts no daemon.
_QUIET: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_OPTIONS: Final = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")

_QUESTIONS: Final = (
    ("rev-parse", "HEAD", "--symbolic-full-name", "HEAD"),
    ("status", "--porcelain", "--untracked-files=no"),
    ("config", "--get-regexp", r"^remote\..*\.url$"),
)


def root_of(folder: Path) -> Path | None:
    """Return the folder of the repository that a folder is in; None for none. Starts no process."""
    for each in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            if (each / ".git").exists():
                return each
    return None


def state_of(root: Path, seconds: float) -> dict[str, Any]:
    """Return ``commit``, ``branch``, ``dirty`` and ``remote`` of a repository, as far as git says so in time.

    Dirty are changes of files that git knows; a branch is absent where HEAD is detached.

    Args:
        root: The repository's folder.
        seconds: How long git may take for all of it.
    """
    git = shutil.which("git")
    if git is None:
        return head_of(root)
    deadline = time.monotonic() + seconds
    head, changes, remotes = _answers(git, root, deadline)
    found = head_of(root) if head is None else _head(head)
    if changes is not None:
        found["dirty"] = bool(changes.strip())
    if remotes and (remote := _remote(remotes)):
        found["remote"] = public_address(remote)
    return found


def head_of(root: Path) -> dict[str, Any]:
    """Return ``commit`` and ``branch`` as the repository's files have them; nothing of what cannot be read."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        folder = _git_folder(root / ".git")
        head = (folder / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref: "):
            return {"commit": head} if _OBJECT.fullmatch(head) else {}
        name = head.removeprefix("ref: ")
        commit = _object_of(folder, name)
        if commit is not None:
            return {"commit": commit, "branch": name.removeprefix(_BRANCHES)}
    return {}


def _git_folder(path: Path) -> Path:
    if path.is_dir():
        return path
    # A worktree, or a submodule: a file that says where the folder is.
    return path.parent / path.read_text("utf-8").removeprefix("gitdir:").strip()


def _object_of(folder: Path, name: str) -> str | None:
    shared = folder
    with contextlib.suppress(OSError):
        shared = folder / (folder / "commondir").read_text("utf-8").strip()
    with contextlib.suppress(OSError):
        found = (shared / name).read_text("utf-8").strip()
        return found if _OBJECT.fullmatch(found) else None
    for line in (shared / "packed-refs").read_text("utf-8").splitlines():
        commit, _, packed = line.partition(" ")
        if packed == name and _OBJECT.fullmatch(commit):
            return commit
    return None


def _answers(git: str, root: Path, deadline: float) -> list[str | None]:
    """Ask all questions at once; None is what git did not answer, or not in time."""
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _QUIET
    asked: list[subprocess.Popen[bytes] | None] = []
    for question in _QUESTIONS:
        try:
            asked.append(
                subprocess.Popen(  # noqa: S603  # git, as it was found
                    [git, "-C", str(root), *_OPTIONS, *question],
                    env=kept,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            )
        except (OSError, RuntimeError):  # no memory, or the interpreter is ending
            asked.append(None)
    return [None if process is None else _answer(process, deadline) for process in asked]


def _answer(process: subprocess.Popen[bytes], deadline: float) -> str | None:
    try:
        output, _ = process.communicate(timeout=max(deadline - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    return None if process.returncode else output.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    if process.stdout is not None:
        process.stdout.close()  # what git has started may hold the other end
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LAST_SECONDS)


def _head(lines: str) -> dict[str, Any]:
    commit, _, name = lines.strip().partition("\n")
    if not _OBJECT.fullmatch(commit):
        return {}
    return {"commit": commit} | ({"branch": name.removeprefix(_BRANCHES)} if name.startswith(_BRANCHES) else {})


def _remote(lines: str) -> str | None:
    named = dict(line.partition(" ")[::2] for line in lines.splitlines())
    return named.get("remote.origin.url") or next(iter(named.values()), None)

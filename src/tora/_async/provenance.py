"""What made a run: code, command, machine and packages, as far as they can be told without asking anybody.

Nothing here raises, waits for a network or asks for a password; who is logged in is not told, and what looks
like a key or a password is masked.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import platform
import re
import shlex
import socket
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tora import wire
from tora._async.beginning import Beginning
from tora._async.gpus import Gpus
from tora._async.masking import masked_arguments, secret_values
from tora._async.repository import head_of, root_of, state_of
from tora.validation import MAX_CONTEXT_BYTES

__all__ = ["at_once", "in_full"]

GIT_SECONDS: Final = 1.0
MOST_ARGUMENTS: Final = 200
LONGEST_ARGUMENT: Final = 1_000
MOST_PACKAGES: Final = 1_500
LONGEST: Final = 250  # characters of a name or a version

_SEPARATORS: Final = re.compile(r"[-_.]+")
_INSTALLED: Final = (".dist-info", ".egg-info")


def at_once(beginning: Beginning, secrets: Collection[str]) -> dict[str, Any]:
    """Return what is known without a process or a library: no dirty flag, no remote and no GPU.

    Args:
        beginning: Where and when the run began.
        secrets: Values to mask in the command line, besides those that look like secrets.
    """
    found = _program(beginning, secrets) | _machine()
    root = _root(beginning)
    return _bounded(_with(found, git=None if root is None else head_of(root), packages=dict(_packages())))


def in_full(beginning: Beginning, secrets: Collection[str], *, gpus: bool = True) -> dict[str, Any]:
    """Return all that can be found out; this takes a second at most for git, and what NVML takes for GPUs.

    Args:
        beginning: As for `at_once`.
        secrets: As for `at_once`.
        gpus: Whether to ask for GPUs.
    """
    found = _program(beginning, secrets) | _machine()
    root = _root(beginning)
    git = None if root is None else state_of(root, GIT_SECONDS)
    cards = Gpus.found().names() if gpus else None
    return _bounded(_with(found, git=git, gpus=cards, packages=dict(_packages())))


def _with(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return found | {name: value for name, value in more.items() if value}


def _bounded(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a server takes: text that can be written, and not too much of it."""
    plain: dict[str, Any] = _encodable(found)
    for name in ("packages", "arguments", "command"):
        if len(wire.encode(plain)) <= MAX_CONTEXT_BYTES:
            break
        plain.pop(name, None)
    return plain


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_encodable(key): _encodable(each) for key, each in value.items()}
        case list():
            return [_encodable(each) for each in value]
        case _:
            return value


# --- The program ----------------------------------------------------------------------------------


def _program(beginning: Beginning, secrets: Collection[str]) -> dict[str, Any]:
    known = {value for value in secrets if value} | secret_values()
    arguments = [argument[: 10 * LONGEST_ARGUMENT] for argument in sys.orig_argv[:MOST_ARGUMENTS]]
    shown = [_cut(_without_home(argument)) for argument in masked_arguments(arguments, known)]
    return _with(
        {
            "command": _command(shown),
            "arguments": shown,
            "directory": _without_home(beginning.directory),
            "python": {"version": platform.python_version(), "executable": _without_home(sys.executable)},
            "startedAt": dt.datetime.fromtimestamp(beginning.at, dt.UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
        },
        script=None if beginning.script is None else _without_home(beginning.script),
    )


def _command(arguments: Sequence[str]) -> str:
    """Return a line that a shell would read as these arguments."""
    return " ".join(f"~/{shlex.quote(part[2:])}" if part.startswith("~/") else shlex.quote(part) for part in arguments)


def _root(beginning: Beginning) -> Path | None:
    """Return the repository of the script; where that is in none, of the working directory."""
    found = None if beginning.script is None else root_of(Path(beginning.script).parent)
    return root_of(Path(beginning.directory)) if found is None and beginning.directory else found


def _without_home(text: str) -> str:
    """Return a path, or an option with one, that does not tell whose home it lies in."""
    home = os.path.expanduser("~").rstrip("/")  # noqa: PTH111  # which does not raise where there is none
    if len(home) < 2 or home not in text:
        return text
    return re.sub(rf"(?<![^=:,\"'\s]){re.escape(home)}(?![^/=:,\"'\s])", "~", text)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_ARGUMENT else f"{text[:LONGEST_ARGUMENT]}…"


# --- The machine ----------------------------------------------------------------------------------


def _machine() -> dict[str, Any]:
    system = os.uname()  # platform.platform() starts a program to find out more
    name = f"{system.sysname}-{system.release}-{system.machine}"
    return _with({"host": socket.gethostname(), "platform": name}, cpus=_cpus(), memoryBytes=_memory_bytes())


def _cpus() -> int | None:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _memory_bytes() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


# --- Packages -------------------------------------------------------------------------------------


def _packages() -> Iterator[tuple[str, str]]:
    """Yield names and versions as folders are named: reading what is in them would take a hundred times as long."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path):
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                if entry.name.endswith(_INSTALLED) and (package := _package(entry.name)):
                    found.setdefault(*package)  # the first on the path is what is imported
    yield from sorted(found.items())[:MOST_PACKAGES]


def _package(folder: str) -> tuple[str, str] | None:
    stem = folder.rpartition(".")[0]
    name, _, rest = stem.partition("-")
    version = rest.partition("-py")[0]  # eggs say for which Python they are
    if not version or len(stem) > LONGEST:
        return None
    return _SEPARATORS.sub("-", name).lower(), version

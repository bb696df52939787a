"""Uses Tora as it was installed: run by ``nox -s build`` with the interpreter of a new environment.

Only the standard library and what the wheel brought can be imported here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from importlib import metadata
from pathlib import Path

POINTS = 500


def main() -> None:
    """Log through the default local server and through one of its own, and read both back."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORA_DIR"] = folder
        os.environ["TORA_PORT"] = "0"
        is_the_installed_one()
        has_its_command()
        try:
            logs_and_reads_back()
        finally:
            stop(Path(folder))
    print("the installed wheel works")


def is_the_installed_one() -> None:
    """What is tested is in this environment, not in a checkout."""
    import tora

    found = Path(tora.__file__)
    check(found.is_relative_to(sys.prefix), f"imported from {found}, which is not in {sys.prefix}")
    check((found.parent / "py.typed").is_file(), "the wheel has no py.typed")


def has_its_command() -> None:
    """`tora` and `python -m tora` say how to use them."""
    for command in ([str(Path(sys.prefix, "bin", "tora"))], [sys.executable, "-I", "-m", "tora"]):
        shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
        check("server" in shown, f"{command} does not offer the server: {shown}")
        version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
        check(version == f"tora {metadata.version('tora')}\n", f"{command} says that it is {version!r}")


def logs_and_reads_back() -> None:
    """The default server starts, migrates, stores and shows the page with all its files."""
    import tora

    experiment = tora.setup("installed", hyperparams={"points": POINTS})
    url = tora.get_experiment_url() or ""
    for step in range(POINTS):
        tora.tlog("loss", 1 / (step + 1), step)
    tora.shutdown()

    server = url.rpartition("/e/")[0]
    [metric] = json.loads(fetch(f"{server}/experiments/{experiment}/metrics"))["data"]
    check((metric["count"], metric["last"]) == (POINTS, 1 / POINTS), f"stored was {metric}")
    page = fetch(url.partition("#")[0]).decode()
    files = re.findall(r'(?:src|href)="([^"#]+\.(?:js|mjs|css|svg|ico))"', page)
    check(bool(files), f"the page names no file of its own: {page[:500]}")
    for file in files:
        check(bool(fetch(urllib.parse.urljoin(url, file))), f"{file} is empty")


def fetch(url: str) -> bytes:
    """Return the body of an answer with status 200 to this user of the local server."""
    key = Path(os.environ["TORA_DIR"], "local-key").read_text(encoding="utf-8").strip()
    request = urllib.request.Request(url, headers={"x-api-key": key})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def stop(folder: Path) -> None:
    """End the local server and wait until it has gone."""
    from tora import rendezvous

    if (server := rendezvous.read(folder)) is None:
        return
    os.kill(server.pid, 15)
    deadline = time.monotonic() + 30
    while rendezvous.is_held(folder):
        check(time.monotonic() < deadline, "the local server does not end")
        time.sleep(0.05)


def check(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - it is what is checked
    """End with a message unless a condition holds; `assert` may be switched off."""
    if not condition:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    main()

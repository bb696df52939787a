"""Fetches each published client once, checks that it is what was published, and unpacks it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from filelock import FileLock

from tests.support.serving import clean_environment

# A wheel on a package index never changes; this makes sure of it.
SHA256 = {
    "0.0.5": "0e70c67cc07f9ecfe5b2c8ee36a7c6a1dcbc2034a06d1db1188d231fcd2d9a88",
    "0.0.7": "59db738e5976531b16a7c03bfbeec8d4a26b0e04aadab17bdee3f91e5eef0034",
    "0.0.12": "ecc7663388751b16b66afe96fee1db442441215d483ddc4729ab65387a2e520f",
}
DRIVE = Path(__file__).with_name("drive.py")


@frozen
class Client:
    """One published client, unpacked."""

    version: str
    folder: Path

    def run(self, scenario: str, *, settings: dict[str, str] | None = None, **arguments: object) -> dict[str, Any]:
        """Run a scenario of ``drive.py`` in an interpreter that has this client and the standard library alone."""
        ended = subprocess.run(
            [sys.executable, "-I", "-S", str(DRIVE), str(self.folder), scenario, json.dumps(arguments)],
            env=clean_environment(**(settings or {})),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert ended.returncode == 0, f"{self.version}: {ended.stdout}\n{ended.stderr}"
        seen: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        assert seen["version"] == self.version
        return seen


@pytest.fixture(scope="session", params=SHA256, ids=lambda version: f"tora-{version}")
def client(request: pytest.FixtureRequest) -> Client:
    """Each of the published clients in turn."""
    version: str = request.param
    # Kept with pytest's cache, so that only the first run on a machine asks the package index.
    folder = request.config.cache.mkdir("published-clients") / version
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            _fetch(version, folder)
    return Client(version, folder)


def _fetch(version: str, folder: Path) -> None:
    wheels = folder.with_name(f"{version}.wheel")
    wheels.mkdir(exist_ok=True)
    wanted = wheels / "requirements.txt"
    wanted.write_text(f"tora=={version} --hash=sha256:{SHA256[version]}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "-r", str(wanted)]
    subprocess.run([*command, "-d", str(wheels)], check=True, timeout=100)
    unpacked = wheels / "unpacked"
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(unpacked)
    unpacked.rename(folder)

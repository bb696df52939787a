"""What the wheel carries; `nox -s build` installs it and uses it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.source import SOURCE, tracked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    # The build's own requirement comes with the `dev` extra, so this asks no package index.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    ended = subprocess.run(command, cwd=SOURCE.parent, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_has_all_of_the_source(wheel: Path) -> None:
    """Pages, vendored files, migrations and the type marker are in the wheel, and nothing that is not in the source."""
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if name.startswith("tora/")}
    source = {path.relative_to(SOURCE).as_posix() for path in tracked() if path.is_relative_to(SOURCE)}
    assert carried == source
    assert "tora/py.typed" in carried
    assert any(name.startswith("tora/server/static/") for name in carried)
    assert any(name.startswith("tora/server/catalog/migrations/versions/") for name in carried)


def test_the_wheel_has_every_licence_and_the_command(wheel: Path) -> None:
    """The licences of Tora and of what it vendors travel with it, and `tora` is installed as a command."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        points = next(name for name in names if name.endswith("entry_points.txt"))
        assert "tora = tora.cli:main" in archive.read(points).decode()
    licences = {name.partition("/licenses/")[2] for name in names if "/licenses/" in name}
    vendored = {path.relative_to(SOURCE.parent).as_posix() for path in (SOURCE / "tora").rglob("vendor/*/LICENSE*")}
    assert licences == {"LICENSE"} | vendored

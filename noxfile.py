"""What is checked: `nox` alone runs all that the continuous integration runs.

The tools come from the `dev` extra in the environment that runs nox, so no session makes one of its
own but `build`, which tests the wheel as a user would install it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import nox

# The tests come last, so that their summary is what the reader sees.
nox.options.sessions = ["lint", "types", "sync", "docs", "build", "fuzz", "tests"]
nox.options.default_venv_backend = "none"
nox.options.error_on_external_run = False

_COVERING = (
    *("tests/_async", "tests/_sync", "tests/server", "tests/cli", "tests/local"),
    *("tests/test_aio.py", "tests/test_runner.py", "tests/test_validation.py"),
)


class _Program(NamedTuple):
    """What the tests run besides Python: what for, under which names it may be there, and Debian's packages of it."""

    what: str
    names: tuple[str, ...]
    packages: tuple[str, ...]


_PROGRAMS = (
    _Program(
        "Chromium for the pages",
        ("chromium", "chromium-browser", "google-chrome"),
        ("chromium", "fonts-liberation"),
    ),
    _Program("ClickHouse for the store of metrics", ("clickhouse-server",), ("clickhouse-server",)),
)

# The tests start ClickHouse themselves: while it is installed, Debian's own word keeps any service from being started.
_INSTALL = """
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if ! [ -e $policy ]; then
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\\nexit 101\\n' > $policy
    chmod +x $policy
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends {packages}
"""


def _python(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    # `python -m TOOL` finds the tool beside this interpreter, whether or not its folder is on PATH.
    session.run(sys.executable, *arguments, env=env or {}, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Every rule that ruff has, but for those that pyproject.toml gives a reason against."""
    _python(session, "-m", "ruff", "check", ".")
    _python(session, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """The strict type check of source, tools, tests and examples."""
    _python(session, "-m", "mypy")


@nox.session
def sync(session: nox.Session) -> None:
    """Whether the generated facade is what its source makes today."""
    _python(session, "tools/sync.py", "--check")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, built with every warning an error."""
    with tempfile.TemporaryDirectory() as site:
        # The site's folder is `site/` for a reader who runs `nox -s docs -- site`.
        target = session.posargs[0] if session.posargs else site
        _python(session, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(Path(target).absolute()))


@nox.session
def build(session: nox.Session) -> None:
    """The wheel, installed into a new environment and used there."""
    with tempfile.TemporaryDirectory() as folder:
        _python(session, "-m", "build", "--outdir", folder, ".")
        [wheel] = Path(folder).glob("*.whl")
        environment = Path(folder, "environment")
        _python(session, "-m", "venv", str(environment))
        python = str(environment / "bin" / "python")
        session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
        script = Path("tests/installed/smoke.py").absolute()
        with session.chdir(folder):  # away from the checkout, so that only what was installed can be imported
            session.run(python, "-I", str(script), external=True)


@nox.session
def fuzz(session: nox.Session) -> None:
    """More than 20,000 generated requests to a running server, and no answer that it does not describe."""
    _python(session, "-m", "tests.fuzz", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, in parallel."""
    _test(session, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """The tests that need no browser and break no process, with the coverage of every process that they start."""
    _test(session, *_COVERING, "--cov", "--cov-report=term-missing:skip-covered")


def _test(session: nox.Session, *chosen: str) -> None:
    _ensure_programs(session)
    # One process more than there are cores, since tests wait for a quarter of their time. Each begins with a run of
    # neighbours, so that few servers of a module are started twice.
    workers = os.environ.get("PYTEST_WORKERS", str((os.cpu_count() or 1) + 1))
    parallel = ("-n", workers, "--dist", "worksteal")
    _python(session, "-m", "pytest", *parallel, *chosen)


def _ensure_programs(session: nox.Session) -> None:
    """Install Debian's Chromium and ClickHouse where there is none, or say what to install."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # where servers are, and not in everybody's PATH
    missing = [each for each in _PROGRAMS if not any(shutil.which(name, path=path) for name in each.names)]
    if not missing:
        return
    needed = "; ".join(f"{each.what}, so that `{each.names[0]}` is on PATH" for each in missing)
    packages = " ".join(package for each in missing for package in each.packages)
    if shutil.which("apt-get") is None:
        session.error(f"The tests need {needed}: install what is missing")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and shutil.which("sudo") is None:
        session.error(f"The tests need {needed}; as root: apt-get install --no-install-recommends {packages}")
    session.run(*as_root, "sh", "-euc", _INSTALL.format(packages=packages), external=True)

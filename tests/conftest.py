"""What every test gets: a world without the user's settings and folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.support.chdb import Chdb
from tests.support.chdb import chdb as running_chdb
from tests.support.clickhouse import ClickHouse
from tests.support.clickhouse import clickhouse as running_clickhouse
from tests.support.http import keys_of_a_test
from tests.support.postgres import Postgres
from tests.support.postgres import postgres as running_postgres
from tests.support.serving import Server, serving, stop_local

# Keras looks when it is imported, and by itself takes a backend that is not among the test tools.
os.environ.setdefault("KERAS_BACKEND", "torch")

# Whoever forbids Python to keep what it compiled would have each of the many hundred processes that are started here
# compile the package anew, and each test process rewrite all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of a folder follow each other, in whatever order: they share a browser, or load large libraries."""
    folders = {folder: place for place, folder in enumerate(dict.fromkeys(item.path.parent for item in items))}
    items.sort(key=lambda item: folders[item.path.parent])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test that is skipped fail where all must run: with ``CI`` in the environment, as `.ci/run` sets it."""
    report = yield
    if report.skipped and "CI" in os.environ and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"nothing is skipped here: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def own_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """No test sees the settings, folders or running server of the person who runs it, or leaves a server behind."""
    folder = tmp_path / "tora"
    for name in [name for name in os.environ if name.startswith("TORA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TORA_DIR", str(folder))
    monkeypatch.setenv("TORA_SYSTEM", "off")  # what is counted must not depend on how long a test takes
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    with keys_of_a_test():
        yield folder
    stop_local(folder)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a test process; each test makes experiments of its own on it."""
    with serving(tmp_path_factory.mktemp("shared") / "data") as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that this test alone may fill, stop or break."""
    with serving(tmp_path / "server") as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for all tests of a test process; each makes databases of its own on it."""
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[ClickHouse]:
    """One ClickHouse server, Debian's, for all tests of a test process; each makes databases of its own on it."""
    with running_clickhouse() as running:
        yield running


@pytest.fixture(scope="session")
def clickhouse_shards(clickhouse: ClickHouse) -> ClickHouse:
    """The same with a second server, both shards of a cluster."""
    clickhouse.grow(2)
    return clickhouse


@pytest.fixture(scope="session")
def chdb() -> Iterator[Chdb]:
    """One current ClickHouse engine for all tests of a test process; each makes databases of its own on it."""
    with running_chdb() as running:
        yield running


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Coroutine tests run on asyncio, the loop that Tora is native to."""
    return "asyncio"

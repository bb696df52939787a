"""Folders of earlier versions, with data in them, are whole after an upgrade."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from tests.support import http
from tests.support.serving import Server, serving
from tora.server.catalog import Catalog
from tora.server.catalog.migrate import alembic_config

FIRST_VERSION = Path(__file__).parents[1] / "data" / "first-version.tar.gz"
REVISIONS = sorted(script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions())
NOT_KEPT = {"url"}  # it tells where the server answers


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Today's server over the data folder of the first landed version."""
    folder = tmp_path_factory.mktemp("first")
    with tarfile.open(FIRST_VERSION) as tar:
        tar.extractall(folder, filter="data")
    (folder / "data").chmod(0o700)
    with serving(folder / "data", anonymous=False) as server:
        yield server


@pytest.fixture(scope="module")
def now(upgraded: Server, said: dict[str, str]) -> dict[str, http.Answer]:
    """What it answers to the same calls, before any test."""
    return {path: http.request("GET", upgraded.url + path, key=upgraded.key) for path in said}


@pytest.fixture(scope="module")
def said(upgraded: Server) -> dict[str, str]:
    """What the first version answered to each of some calls."""
    found: dict[str, str] = json.loads((upgraded.dir.parent / "expected.json").read_text(encoding="utf-8"))
    return found


def lacks(before: Any, now: Any) -> Any:
    """Return what an answer of today lacks of one of then; None for nothing. There may be more in it."""
    if isinstance(before, dict):
        assert isinstance(now, dict)
        lost = {name: (value, now.get(name)) for name, value in before.items() if name not in NOT_KEPT}
        return {name: pair for name, pair in lost.items() if lacks(*pair) is not None} or None
    if isinstance(before, list):
        if len(before) != len(now):
            return before, now
        return [pair for pair in zip(before, now, strict=True) if lacks(*pair) is not None] or None
    return None if before == now else (before, now)


def points(lines: bytes | str) -> list[dict[str, Any]]:
    """Return the points of an export; the first version wrote "?" for no metadata."""
    text = lines if isinstance(lines, str) else lines.decode()
    return [json.loads(line.replace('"metadata":?', '"metadata":null')) for line in text.splitlines()]


def test_no_point_of_the_first_version_is_lost(now: dict[str, http.Answer], said: dict[str, str]) -> None:
    """Every point of every experiment is there as it was: order, value, step, time, writer, metadata."""
    compared = 0
    for path, before in said.items():
        if "/export" in path:
            assert points(now[path].body) == points(before), path
            compared += len(points(before))
    assert compared == 3 * 600 + 100 + 8 + 20


def test_no_record_of_the_first_version_is_lost(now: dict[str, http.Answer], said: dict[str, str]) -> None:
    """Experiments, workspaces, summaries and writers are there, field by field."""
    compared = 0
    for path, before in said.items():
        if "/export" not in path:
            assert now[path].status == 200, path
            was, is_ = json.loads(before)["data"], now[path].json()["data"]
            assert lacks(was, is_) is None, path
            compared += 1
    assert compared == 2 + 5 * 3


def test_workers_of_the_first_version_go_on(
    upgraded: Server, said: dict[str, str], now: dict[str, http.Answer]
) -> None:
    """A write token of that time still opens its experiment, and what is sent again is known."""
    token = json.loads(said["/experiments/steps"])["data"]["writeToken"]
    logs = [{"name": "late", "value": 0.0, "step": 1}] * 100
    answer = http.request(
        "POST",
        f"{upgraded.url}/experiments/steps/logs/batch",
        {"writer": "one", "firstSeq": 1, "logs": [*logs, {"name": "new", "value": 1, "step": 1}]},
        key=token,
    )
    assert answer.json()["data"] == {"accepted": 101, "through": 101}
    found = {name: one["count"] for name, one in _summaries(upgraded).items()}
    assert found == {"stepless": 50, "late": 50, "new": 1}
    assert http.request("GET", f"{upgraded.url}/experiments/odd", key=token).status in {403, 404}


def _summaries(server: Server) -> dict[str, Any]:
    found = http.data(f"{server.url}/experiments/steps/metrics", key=server.key)
    return {one["name"]: one for one in (found["items"] if isinstance(found, dict) else found)}


@pytest.mark.parametrize("revision", REVISIONS)
async def test_rows_of_each_earlier_schema_survive(tmp_path: Path, revision: str) -> None:
    """A catalog of each revision, with two rows in each of its tables, has them all after its upgrade."""
    path = tmp_path / "catalog.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        tables = sa.MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert(), [_row(table, number) for number in (1, 2)])
    engine.dispose()
    before = _contents(path)
    async with Catalog.in_file(path):
        pass
    after = _contents(path)
    for name, rows in before.items():
        if name != "alembic_version":
            kept = [{column: row[column] for column in rows[0]} for row in after[name]]
            assert kept == rows, name
            assert len(rows) == 2


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    return {column.name: _value(column, number) for column in table.columns}


def _value(column: sa.Column[Any], number: int) -> Any:
    match column.type:
        case sa.JSON():
            return {"number": number}
        case sa.Boolean():
            return bool(number % 2)
        case sa.Integer() | sa.Float():
            return number
        case sa.LargeBinary():
            return bytes([number])
        case _:
            # Of all rows' keys alike, so that each foreign key has its row.
            return f"{'running' if column.name == 'status' else 'x'}{number}"


def _contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted((dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')), key=str)  # noqa: S608
            for name in names
            if not name.startswith("sqlite_")
        }

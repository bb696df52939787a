"""A database for the module, and two servers on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import frozen

from tests.support import http
from tests.support.clickhouse import ClickHouse
from tests.support.http import Answer
from tests.support.postgres import Postgres
from tests.support.serving import Server, serving
from tora.server.catalog import Catalog
from tora.server.catalog.address import postgres_url


@frozen
class Pair:
    """Two servers on the same engines.

    Attributes:
        engines: The options that name those.
    """

    a: Server
    b: Server
    engines: tuple[str, ...]

    def call(self, server: Server, method: str, path: str, body: object = None, **options: Any) -> Answer:
        """Send a request to one of them, as whoever owns its folder unless a key is given."""
        return http.request(method, f"{server.url}{path}", body, **{"key": server.key, **options})

    def create(self, name: str = "shared") -> str:
        """Return the id of a new experiment that is nobody's, made on the first."""
        answer = self.call(self.a, "POST", "/experiments", {"name": name}, key="")
        assert answer.status == 201, answer.body
        found: str = answer.json()["data"]["id"]
        return found


@pytest.fixture(scope="package")
def database(postgres: Postgres) -> str:
    """The address of a catalog whose tables are there."""
    url = postgres.new_database()

    async def make() -> None:
        async with Catalog(postgres_url(url)):
            pass

    asyncio.run(make())
    return url


@pytest.fixture(scope="package")
def address(database: str) -> sa.URL:
    """The same for SQLAlchemy."""
    return postgres_url(database)


@pytest.fixture(scope="package")
def pair(postgres: Postgres, clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers on a catalog and points of their own."""
    engines = ("--catalog", postgres.new_database(), "--metrics", clickhouse.new_database())
    folder = tmp_path_factory.mktemp("pair")
    options = (*engines, "--rate-limit", "200", "--trust-proxy", "127.0.0.1")
    with (
        serving(folder / "a", *options) as a,
        serving(folder / "b", *options) as b,
    ):
        yield Pair(a, b, engines)

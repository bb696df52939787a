"""A catalog in PostgreSQL that several servers use at once: what comes between, what breaks, and what is said of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support.catalogs import copied_database, emptied_database
from tests.support.postgres import PASSWORD, Postgres
from tora.models import Experiment, Workspace
from tora.server.catalog import (
    Catalog,
    CatalogError,
    CatalogFullError,
    ExperimentFilter,
    LastOwnerError,
    NotFoundError,
    TakenError,
    console,
    contexts,
    members,
    users,
)
from tora.server.catalog.address import postgres_url
from tora.server.catalog.errors import UncertainError
from tora.server.catalog.migrate import HEAD
from tora.server.catalog.records import User
from tora.server.catalog.tables import metadata

pytestmark = pytest.mark.anyio

LATER = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)


@pytest.fixture
def url(postgres: Postgres) -> str:
    """An empty catalog."""
    return emptied_database(postgres)


@pytest.fixture
def copied(postgres: Postgres) -> str:
    """An empty catalog of this test alone."""
    return copied_database(postgres)


@pytest.fixture
async def pair(url: str) -> AsyncIterator[tuple[Catalog, Catalog]]:
    """The catalog as two servers have it."""
    async with Catalog(url) as one, Catalog(url) as other:
        yield one, other


async def _outcomes(calls: Iterable[Awaitable[Any]]) -> Counter[type]:
    """Carry out calls side by side and count what became of them."""
    return Counter(map(type, await asyncio.gather(*calls, return_exceptions=True)))


# --- At once --------------------------------------------------------------------------------------


async def test_servers_that_start_at_once_make_the_tables_once(postgres: Postgres) -> None:
    """One runs the migrations, the others wait and find them done; all of them work."""
    catalogs = [Catalog(postgres.new_database())]
    catalogs += [Catalog(catalogs[0]._url) for _ in range(2)]
    await asyncio.gather(*(each.open() for each in catalogs))
    secrets = await asyncio.gather(*(each.secret("signing") for each in catalogs))
    assert len(set(secrets)) == 1
    await asyncio.gather(*(each.close() for each in catalogs))


async def test_what_is_made_twice_is_made_once(pair: tuple[Catalog, Catalog]) -> None:
    """Of many who make the same experiment, workspace, secret or administrator one does, and no error is seen."""
    made = await asyncio.gather(
        *(pair[n % 2].create_experiment(Experiment("e", f"n{n}", tags=("a",)), f"w{n}") for n in range(30))
    )
    assert sum(is_new for _, is_new in made) == 1
    assert len({one.name for one, _ in made}) == 1
    ids = {
        one.name for one in await asyncio.gather(*(pair[n % 2].create_workspace(Workspace("w", "W")) for n in range(9)))
    }
    assert ids == {"W"}
    assert len(set(await asyncio.gather(*(pair[n % 2].secret("s") for n in range(10))))) == 1
    assert len(set(await asyncio.gather(*(pair[n % 2].run(users.ensure_owner) for n in range(10))))) == 1
    admins = await _outcomes(pair[n % 2].run(users.create, ("admin", "Admin")[n % 2], is_admin=True) for n in range(10))
    assert admins == {User: 1, TakenError: 9}


async def test_no_change_is_lost(pair: tuple[Catalog, Catalog]) -> None:
    """Two servers that change other fields of the same experiments, or other keys of a context, keep what both said."""
    await pair[0].create_experiment(Experiment("e", "n"))
    fields = ("name", "description", "notes")
    for round_ in range(5):
        wanted = {name: f"{name} {round_}" for name in fields}
        changes = [pair[n % 2].change_experiment("e", **{name: wanted[name]}) for n, name in enumerate(fields)]
        tagged = pair[1].change_experiment("e", tags=(f"t{round_}", "other"))
        await asyncio.gather(*changes, tagged, pair[0].change_experiment("e", hyperparams={"round": round_}))
        found = await pair[0].experiment("e")
        assert {name: getattr(found, name) for name in fields} == wanted
        assert (found.tags, found.hyperparams) == ((f"t{round_}", "other"), {"round": round_})
    await asyncio.gather(*(pair[n % 2].run(contexts.merge, "e", {f"k{n}": n}) for n in range(30)))
    assert await pair[1].run(contexts.get, "e") == {f"k{n}": n for n in range(30)}


async def test_the_last_word_about_an_end_is_one_owners(pair: tuple[Catalog, Catalog]) -> None:
    """Of a worker's and the owner's word at once the owner's counts, and whoever goes on has the experiment."""
    for number in range(10):
        name = f"e{number}"
        await pair[0].create_experiment(Experiment(name, "n"), "owner")
        await asyncio.gather(
            pair[0].set_status(name, "finished", "owner"), pair[1].set_status(name, "failed", "worker")
        )
        assert (await pair[0].experiment(name)).status == "finished"
        await asyncio.gather(*(pair[n % 2].set_status(name, "running", f"w{n}") for n in range(4)))
        owner = (await pair[1].owners([name]))[name]
        assert (await pair[0].set_status(name, "stopped", owner)).status == "stopped"


async def test_each_line_of_a_console_is_stored_once(pair: tuple[Catalog, Catalog]) -> None:
    """Whatever server a chunk reaches, and reaches again, each writer's lines stand in order and the size is theirs."""
    await pair[0].create_experiment(Experiment("e", "n"))

    async def write(writer: str) -> None:
        for first in range(1, 21, 5):
            lines = [console.Printed(1.0, "stdout", f"{writer} {first + n}") for n in range(5)]
            sent = [each.run(console.append, "e", writer, first, lines) for each in pair]
            assert await asyncio.gather(*sent) == [first + 4] * 2

    await asyncio.gather(*(write(f"w{number}") for number in range(6)))
    rows = await pair[0].run(console.page, "e", 1000)
    assert len(rows) == 6 * 20
    for number in range(6):
        mine = [row.printed.text for row in rows if row.writer == f"w{number}"]
        assert mine == [f"w{number} {line}" for line in range(1, 21)]
    last: sa.Select[Any] = sa.select(sa.func.max(metadata.tables["console"].c.bytes_so_far))
    assert await pair[0].run(AsyncConnection.scalar, last) == sum(len(row.printed.text) + 1 for row in rows)


async def test_a_workspace_never_loses_its_last_owner(pair: tuple[Catalog, Catalog]) -> None:
    """Two owners who go at the same moment, in whatever way: one may, the other is told."""
    one, other = [await pair[0].run(users.create, name, is_admin=False) for name in ("one", "other")]
    for number in range(8):
        name = f"w{number}"
        await pair[0].create_workspace(Workspace(name, "W"), one.id)
        await pair[0].run(members.set_role, name, other.id, "owner")
        leaving = [
            pair[0].run(members.remove, name, one.id),
            pair[1].run(members.set_role, name, other.id, "viewer"),
        ]
        assert (await _outcomes(leaving))[LastOwnerError] == 1
        assert "owner" in {member.role for member in await pair[0].run(members.of_workspace, name)}


async def test_a_ticket_is_good_for_one_of_many(pair: tuple[Catalog, Catalog]) -> None:
    """However close together it is used, one sets the password; of links made at once the last one holds."""
    ada = await pair[0].run(users.create, "ada", is_admin=False)
    await asyncio.gather(*(pair[n % 2].run(users.add_ticket, ada.id, f"t{n}".encode(), LATER) for n in range(10)))
    good = [n for n in range(10) if await pair[0].run(users.by_ticket, f"t{n}".encode()) is not None]
    assert len(good) == 1
    token = f"t{good[0]}".encode()
    redeemed = await asyncio.gather(*(pair[n % 2].run(users.redeem, token, f"hash{n}") for n in range(10)))
    assert sum(user is not None for user in redeemed) == 1
    assert await pair[1].run(users.password_of, "ada") == next(
        (user, f"hash{n}") for n, user in enumerate(redeemed) if user is not None
    )


async def test_what_is_deleted_meanwhile_is_not_there(pair: tuple[Catalog, Catalog]) -> None:
    """Experiments made in a workspace that goes at that moment have none or are refused; heirs of heirs inherit."""
    for number in range(8):
        await pair[0].create_workspace(Workspace("w", "W"))
        made = [
            pair[n % 2].create_experiment(Experiment(f"e{number}-{n}", "n", workspace_id="w"), creator="a")
            for n in range(6)
        ]
        outcomes = await _outcomes([*made[:3], pair[1].delete_workspace("w"), *made[3:]])
        assert set(outcomes) <= {tuple, type(None), NotFoundError}
        found = (await pair[0].experiments(ExperimentFilter())).items
        assert {one.workspace_id for one in found} <= {None}
        first, second, third = [await pair[0].run(users.create, f"u{number}-{n}", is_admin=False) for n in range(3)]
        await pair[0].create_experiment(Experiment(f"left{number}", "n"), creator=first.id)
        leaving = [
            pair[0].run(users.delete, first.id, second.id),
            pair[1].run(users.delete, second.id, third.id),
        ]
        assert set(await _outcomes(leaving)) <= {type(None), NotFoundError}
        creator = (await pair[0].place(f"left{number}")).creator_id
        assert creator in {user.id for user in await pair[0].run(users.every)}


# --- What breaks ----------------------------------------------------------------------------------


async def _failing(times: int, state: str, tries: list[int], connection: AsyncConnection) -> int:
    """Fail as PostgreSQL does with a state, so many times, and then succeed."""
    tries.append(1)
    if len(tries) <= times:
        await connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = '{state}'; END $$")
    return len(tries)


async def test_a_call_that_others_came_between_is_made_again(pair: tuple[Catalog, Catalog]) -> None:
    """A deadlock or a failed serialization a few times, a key that was taken twice; not what fails for good."""
    tries: list[int]
    for state in ("40001", "40P01"):
        assert await pair[0].run(partial(_failing, 4, state, [])) == 5
    with pytest.raises(CatalogError, match="as asked; nothing was changed"):
        await pair[0].run(partial(_failing, 99, "40001", tries := []))
    assert len(tries) == 10
    with pytest.raises(CatalogError):
        await pair[0].run(partial(_failing, 99, "23505", tries := []))
    assert len(tries) == 3
    with pytest.raises(CatalogFullError, match="the disk is full; make room"):
        await pair[0].run(partial(_failing, 99, "53100", tries := []))
    assert len(tries) == 1


async def test_connections_that_broke_are_made_anew(pair: tuple[Catalog, Catalog], postgres: Postgres) -> None:
    """As after PostgreSQL was started again: calls go on, on new connections, and nothing in a call is done twice."""
    await asyncio.gather(*(pair[n % 2].create_experiment(Experiment(f"e{n}", "n")) for n in range(20)))
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tora'")
    await asyncio.gather(*(pair[n % 2].create_experiment(Experiment(f"f{n}", "n")) for n in range(20)))
    tries: list[int] = []

    async def ending_itself(connection: AsyncConnection) -> None:
        tries.append(1)
        await contexts.merge(connection, "e0", {f"try{len(tries)}": 1})
        if len(tries) == 1:
            await connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    await pair[0].run(ending_itself)
    assert await pair[1].run(contexts.get, "e0") == {"try2": 1}
    assert (await pair[1].experiments(ExperimentFilter())).total == 40


async def test_a_statement_that_was_prepared_for_other_tables_is_prepared_again(
    postgres: Postgres, copied: str
) -> None:
    """A newer Tora may migrate while this one runs: what it asked before goes on working."""
    async with Catalog(copied) as catalog:
        for _ in range(2):
            await catalog.create_experiment(Experiment("e", "n"))
        postgres.sql('ALTER TABLE experiments ALTER COLUMN name TYPE text COLLATE "C"', copied.rpartition("/")[2])
        assert (await catalog.experiment("e")).name == "n"
        assert (await catalog.change_experiment("e", name="m")).name == "m"


async def test_a_change_that_may_have_been_kept_is_not_made_again(postgres: Postgres, copied: str) -> None:
    """Where the connection breaks at the commit, the caller is told that nobody knows."""
    tries: list[int] = []

    async def breaking(connection: AsyncConnection) -> None:
        tries.append(1)
        await connection.execute(metadata.tables["secrets"].insert().values(name="n", value=b""))

    database = copied.rpartition("/")[2]
    postgres.sql(
        "CREATE FUNCTION ending() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        database,
    )
    postgres.sql(
        "CREATE CONSTRAINT TRIGGER ending AFTER INSERT ON secrets DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION ending()",
        database,
    )
    async with Catalog(copied) as catalog:
        with pytest.raises(UncertainError, match="lost its connection while a change was kept"):
            await catalog.run(breaking)
        assert tries == [1]
        assert await catalog.owners(["e"]) == {}


# --- What is said ---------------------------------------------------------------------------------


async def test_a_database_that_cannot_be_used_is_named_without_the_password(postgres: Postgres, copied: str) -> None:
    """Each error says what is wrong with which database and what to do."""
    good = sa.make_url(postgres.new_database())
    assert good.database is not None
    latin = sa.make_url(postgres.new_database())
    postgres.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    postgres.sql("CREATE TABLE songs (a int)", good.database)
    newer = sa.make_url(copied)
    postgres.sql("UPDATE alembic_version SET version_num = '9999'", str(newer.database))
    other_password = "0ther"  # noqa: S105
    cases = [
        (good.set(password=other_password), "check the user and the password"),
        (good.set(port=1), "check that PostgreSQL runs, and its address"),
        (good.set(host="no.such.host.invalid"), "check that PostgreSQL runs, and its address"),
        (good.set(database="none"), 'database "none" does not exist; make the database first'),
        (latin.set(database="latin"), "has the encoding LATIN1"),
        (good, "belongs to another program: it has the table 'songs'"),
        (newer, "written by a newer Tora (its revision is 9999"),
    ]
    for url, message in cases:
        with pytest.raises(CatalogError) as caught:
            await Catalog(url).open()
        said = str(caught.value)
        assert message in said
        assert f"/{url.database}" in said
        assert PASSWORD not in said
        assert other_password not in said


async def test_a_copy_is_its_own_tools_matter(pair: tuple[Catalog, Catalog], tmp_path: Any) -> None:
    """What is in no file cannot be copied as one, and says so."""
    with pytest.raises(CatalogError, match="pg_dump"):
        await pair[0].copy_to(tmp_path / "copy")
    assert pair[0].is_elsewhere


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to install it."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(CatalogError, match=r"needs the package asyncpg; install it with: pip install 'tora\[scale\]'"):
        Catalog("postgresql+asyncpg://h/db")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "cannot be read; it looks like postgresql"),
        ("postgresql+asyncpg://u:secret@h:x/db", "cannot be read"),
        ("mysql://u:secret@h/db", "begins with mysql://"),
        ("postgresql+psycopg://u:secret@h/db", r"begins with postgresql\+psycopg://"),
        ("postgresql://u:secret@h", "names no database"),
        ("postgresql://u:secret@h/db?password=secret", "parameter 'password'; known are host, port, ssl"),
    ],
)
def test_an_address_that_is_none_is_refused(text: str, message: str) -> None:
    """The message says what is taken, and repeats no password."""
    with pytest.raises(CatalogError, match=message) as caught:
        postgres_url(text)
    assert "secret" not in str(caught.value)


def test_addresses_are_taken_as_others_write_them() -> None:
    """With or without the driver, and with libpq's word for TLS."""
    for scheme in ("postgresql+asyncpg", "postgresql", "postgres"):
        url = postgres_url(f"{scheme}://u:p%40ss@h:5433/db?sslmode=require")
        assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://u:p%40ss@h:5433/db?ssl=require"


# --- The tables -----------------------------------------------------------------------------------


async def test_the_migrations_lead_to_the_tables(pair: tuple[Catalog, Catalog]) -> None:
    """Alembic finds no difference to `tables.py`; text compares by code points, and rows are numbered in 64 bits."""

    def differences(connection: sa.Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        return list(compare_metadata(context, metadata))

    assert await pair[0].run(AsyncConnection.run_sync, differences) == []
    rows = await pair[0].run(
        AsyncConnection.exec_driver_sql,
        "SELECT table_name, column_name, data_type, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name <> 'alembic_version'",
    )
    columns = rows.all()
    assert {row.collation_name for row in columns if "char" in row.data_type} == {"C"}
    assert {row.data_type for row in columns if row.column_name == "number"} == {"bigint"}


async def test_a_catalog_of_the_first_tables_is_brought_up_to_date(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ran runs on, what has ended ended when it changed last; a migration that fails leaves all as it was."""
    url = postgres.new_database()
    database = url.rpartition("/")[2]
    upgrade = command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr("tora.server.catalog.migrate.HEAD", "0001")
        patched.setattr(command, "upgrade", lambda config, _: upgrade(config, "0001"))
        async with Catalog(url):
            pass
    postgres.sql(
        "INSERT INTO experiments SELECT id, 'n', 'n', NULL, NULL, status, NULL, NULL, 1000000, 3000000, '{}', 'n' "
        "FROM (VALUES ('ran', 'running'), ('done', 'failed')) AS v (id, status)",
        database,
    )

    def failing(*given: Any) -> None:
        upgrade(*given)
        raise RuntimeError("after the tables were made")

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", failing)
        with pytest.raises(RuntimeError, match="after the tables"):
            await Catalog(url).open()
    assert postgres.sql("SELECT version_num FROM alembic_version", database) == "0001"
    async with Catalog(url) as catalog:
        ran, done = await catalog.experiment("ran"), await catalog.experiment("done")
    assert (ran.ended_at, ran.archived, done.archived) == (None, False, False)
    assert done.ended_at == done.updated_at == dt.datetime(1970, 1, 1, 0, 0, 3, tzinfo=dt.UTC)
    assert postgres.sql("SELECT version_num FROM alembic_version", database) == HEAD

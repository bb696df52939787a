"""What every catalog does, and what the one in an SQLite file does besides."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from alembic import command
from attrs import evolve

from tests.support.catalogs import emptied_database
from tora.errors import ToraValidationError
from tora.models import Experiment, Workspace
from tora.server.catalog import Catalog, CatalogError, CatalogFullError, ExperimentFilter, NotFoundError
from tora.server.catalog.migrate import HEAD, alembic_config
from tora.server.catalog.tables import metadata

pytestmark = pytest.mark.anyio

WHICH: tuple[Literal["no", "yes", "all"], ...] = ("no", "yes", "all")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A catalog's file that is not there yet, in a folder whose name a URL would have to quote."""
    folder = tmp_path / "a b%20#c?"
    folder.mkdir()
    return folder / "catalog.sqlite"


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest, file: Path) -> Callable[[], Catalog]:
    """Make a catalog of each kind; made again, it is the same database."""
    if request.param == "sqlite":
        return lambda: Catalog.in_file(file)
    url = emptied_database(request.getfixturevalue("postgres"))
    return lambda: Catalog(url)


@pytest.fixture
async def catalog(make: Callable[[], Catalog]) -> AsyncIterator[Catalog]:
    """An open, empty catalog."""
    async with make() as opened:
        yield opened


def _experiment(number: int, **fields: Any) -> Experiment:
    created = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=number)
    return evolve(Experiment(f"id-{number}", f"run {number}", created_at=created), **fields)


async def _ids(catalog: Catalog, wanted: ExperimentFilter) -> list[str]:
    """Walk all pages of a list."""
    found: list[str] = []
    while True:
        page = await catalog.experiments(wanted)
        found += [one.id for one in page.items]
        if page.next is None:
            return found
        wanted = evolve(wanted, cursor=page.next)


# --- Every catalog --------------------------------------------------------------------------------


async def test_an_experiment_comes_back_as_it_was_stored(catalog: Catalog) -> None:
    """All fields, the order of tags and hyperparameters, and times to the millisecond survive."""
    workspace = await catalog.create_workspace(Workspace("w", "Team"))
    created = dt.datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=dt.timezone(dt.timedelta(hours=5)))
    given = Experiment(
        "e",
        "Größe",
        workspace_id=workspace.id,
        description="a\nb",
        hyperparams={"z": 1, "a": [1.5, None, True], "lr": "NaN", "big": 2**60},
        tags=("b", "a", "ü"),
        notes="n",
        created_at=created,
        updated_at=created,
    )
    stored, is_new = await catalog.create_experiment(given, "writer-1")
    found = await catalog.experiment("e")
    assert is_new
    assert stored == found == given
    assert list(found.hyperparams) == ["z", "a", "lr", "big"]
    assert found.created_at is not None
    assert found.created_at.utcoffset() == dt.timedelta(0)
    assert await catalog.owners(["e", "other"]) == {"e": "writer-1"}


async def test_the_same_id_again_is_the_same_experiment(catalog: Catalog) -> None:
    """A repeated creation changes nothing and says that it is not new, even when many come at once."""
    first, _ = await catalog.create_experiment(_experiment(1, tags=("a",)), "w1")
    again = await asyncio.gather(
        *(catalog.create_experiment(Experiment("id-1", f"other {number}"), "w2") for number in range(20))
    )
    assert again == [(first, False)] * 20
    assert await catalog.owners(["id-1"]) == {"id-1": "w1"}


async def test_changes_touch_only_what_is_named(catalog: Catalog) -> None:
    """Fields that are absent stay; the time of the change moves on; no change leaves it."""
    before, _ = await catalog.create_experiment(_experiment(1, tags=("a", "b"), description="text"))
    after = await catalog.change_experiment("id-1", tags=("c",), notes="n", description=None)
    assert after == await catalog.experiment("id-1")
    assert after == evolve(before, tags=("c",), notes="n", description=None, updated_at=after.updated_at)
    assert after.updated_at is not None
    assert before.updated_at is not None
    assert after.updated_at > before.updated_at
    assert await catalog.change_experiment("id-1") == after
    with pytest.raises(TypeError, match="'id' cannot be changed"):
        await catalog.change_experiment("id-1", id="other")


async def test_only_the_owner_ends_an_experiment(catalog: Catalog) -> None:
    """A worker's end is ignored, and who says running owns it from then on."""
    await catalog.create_experiment(_experiment(1), "creator")
    assert (await catalog.set_status("id-1", "failed", "worker")).status == "running"
    assert (await catalog.set_status("id-1", "finished", "creator")).status == "finished"
    assert (await catalog.set_status("id-1", "running", "loader")).status == "running"
    assert (await catalog.set_status("id-1", "stopped", "creator")).status == "running"
    assert (await catalog.set_status("id-1", "stopped", "loader")).status == "stopped"
    assert (await catalog.set_status("id-1", "failed", None)).status == "failed"


async def test_without_an_owner_any_writer_sets_the_status(catalog: Catalog) -> None:
    """An experiment made by a client that names no writer is ended by whoever ends it."""
    await catalog.create_experiment(_experiment(1))
    assert (await catalog.set_status("id-1", "finished", "someone")).status == "finished"


async def test_an_experiment_keeps_its_first_end_until_it_runs_again(catalog: Catalog) -> None:
    """A second word about the end changes the status alone, and who goes on has no end."""
    await catalog.create_experiment(_experiment(1), "w")
    ended = await catalog.set_status("id-1", "finished", "w")
    assert ended.ended_at == ended.updated_at
    corrected = await catalog.set_status("id-1", "failed", None)
    assert corrected.ended_at == ended.ended_at
    assert (await catalog.set_status("id-1", "running", "w")).ended_at is None
    assert (await catalog.experiment("id-1")).ended_at is None


async def test_what_is_archived_is_listed_on_request(catalog: Catalog) -> None:
    """Lists leave it out, show it alone or with the others, and count what they show."""
    for number in range(3):
        await catalog.create_experiment(_experiment(number))
    await catalog.change_experiment("id-1", archived=True)
    assert await _ids(catalog, ExperimentFilter()) == ["id-2", "id-0"]
    assert await _ids(catalog, ExperimentFilter(archived="yes")) == ["id-1"]
    assert await _ids(catalog, ExperimentFilter(archived="all", ids=["id-1", "id-2", "x"])) == ["id-2", "id-1"]
    assert [(await catalog.experiments(ExperimentFilter(archived=which, limit=1))).total for which in WHICH] == [
        2,
        1,
        3,
    ]
    await catalog.change_experiment("id-1", archived=False)
    assert len(await _ids(catalog, ExperimentFilter())) == 3


async def test_unknown_records_are_named(catalog: Catalog) -> None:
    """Each call on an id that is not there raises NotFoundError with its kind and the id."""
    calls: dict[str, list[Coroutine[Any, Any, object]]] = {
        "experiment": [
            catalog.experiment("x"),
            catalog.change_experiment("x", name="n"),
            catalog.change_experiment("x"),
            catalog.set_status("x", "running", "w"),
            catalog.delete_experiment("x"),
        ],
        "workspace": [
            catalog.workspace("x"),
            catalog.change_workspace("x", name="n"),
            catalog.delete_workspace("x"),
            catalog.create_experiment(_experiment(1, workspace_id="x")),
            catalog.experiments(ExperimentFilter(workspace="x")),
        ],
    }
    for kind, coroutines in calls.items():
        for coroutine in coroutines:
            with pytest.raises(NotFoundError, match=f"no {kind} with the id 'x'") as caught:
                await coroutine
            assert (caught.value.kind, caught.value.id) == (kind, "x")


async def test_a_deleted_experiment_is_gone_with_its_tags(catalog: Catalog) -> None:
    """Nothing of it is found, and its id can be used anew."""
    await catalog.create_experiment(_experiment(1, tags=("a",)))
    await catalog.delete_experiment("id-1")
    assert await _ids(catalog, ExperimentFilter(tag="a")) == []
    made, is_new = await catalog.create_experiment(_experiment(1, tags=("b",)))
    assert is_new
    assert made.tags == ("b",)


async def test_a_deleted_workspace_leaves_its_experiments(catalog: Catalog) -> None:
    """They stay, without a workspace."""
    await catalog.create_workspace(Workspace("w", "Team"))
    await catalog.create_experiment(_experiment(1, workspace_id="w"))
    await catalog.delete_workspace("w")
    assert (await catalog.experiment("id-1")).workspace_id is None
    assert await catalog.workspaces() == []


async def test_workspaces_are_listed_by_name_and_change(catalog: Catalog) -> None:
    """The order ignores case, and a change keeps what it does not name."""
    for name in ("beta", "Alpha", "alpine"):
        await catalog.create_workspace(Workspace(name.lower(), name, "text"))
    assert [one.name for one in await catalog.workspaces()] == ["Alpha", "alpine", "beta"]
    changed = await catalog.change_workspace("beta", name="Zeta")
    assert changed == await catalog.workspace("beta")
    assert (changed.name, changed.description) == ("Zeta", "text")


@pytest.mark.parametrize("by", ["created", "updated", "name", "status"])
@pytest.mark.parametrize("sign", ["", "-"])
async def test_pages_show_each_experiment_once_in_order(catalog: Catalog, by: str, sign: str) -> None:
    """Every sort, in both directions and with equal values, walks all experiments without repeating one."""
    statuses = ("running", "finished", "failed")
    experiments = [
        _experiment(number // 2, id=f"id-{number:02}", name=f"{'aBcD'[number % 4]}", status=statuses[number % 3])
        for number in range(23)
    ]
    stored = [(await catalog.create_experiment(one))[0] for one in experiments]
    keys = {
        "created": lambda one: (one.created_at, one.id),
        "updated": lambda one: (one.updated_at, one.id),
        "name": lambda one: (one.name.lower(), one.id),
        "status": lambda one: (one.status, one.id),
    }
    expected = [one.id for one in sorted(stored, key=keys[by], reverse=bool(sign))]
    assert await _ids(catalog, ExperimentFilter(sort=sign + by, limit=5)) == expected
    assert await _ids(catalog, ExperimentFilter(sort=sign + by, limit=23)) == expected


async def test_a_page_is_not_shifted_by_what_comes_or_goes(catalog: Catalog) -> None:
    """Experiments made or deleted between two pages neither repeat nor hide others."""
    for number in range(10):
        await catalog.create_experiment(_experiment(number))
    first = await catalog.experiments(ExperimentFilter(limit=4))
    await catalog.create_experiment(_experiment(99))
    await catalog.delete_experiment("id-6")
    rest = await _ids(catalog, ExperimentFilter(limit=4, cursor=first.next))
    assert rest == [f"id-{number}" for number in range(5, -1, -1)]


async def test_filters_narrow_the_list_together(catalog: Catalog) -> None:
    """Workspace, tag, status and text each count, alone and all at once."""
    await catalog.create_workspace(Workspace("w", "Team"))
    await catalog.create_experiment(_experiment(1, workspace_id="w", tags=("a",)))
    await catalog.create_experiment(_experiment(2, workspace_id="w", tags=("a", "b"), status="failed"))
    await catalog.create_experiment(_experiment(3, tags=("b",), status="failed"))
    assert await _ids(catalog, ExperimentFilter(workspace="w")) == ["id-2", "id-1"]
    assert await _ids(catalog, ExperimentFilter(tag="b")) == ["id-3", "id-2"]
    assert await _ids(catalog, ExperimentFilter(status="failed")) == ["id-3", "id-2"]
    assert await _ids(catalog, ExperimentFilter(workspace="w", tag="b", status="failed", q="run")) == ["id-2"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GRÖSSE", ["id-1"]),
        ("größe", ["id-1"]),
        ("resnet", ["id-2"]),
        ("BASELINE", ["id-3"]),
        ("ID-2", ["id-2"]),
        ("100%", ["id-3"]),
        ("0_1", ["id-2"]),
        ("back\\slash", ["id-1"]),
        ("'; DROP TABLE experiments", []),
        ("", ["id-3", "id-2", "id-1"]),
    ],
)
async def test_a_search_looks_at_name_id_description_and_tags(catalog: Catalog, text: str, found: list[str]) -> None:
    """It ignores case in any alphabet and takes wildcards literally."""
    await catalog.create_experiment(_experiment(1, name="Größe", description="back\\slash 1000 011"))
    await catalog.create_experiment(_experiment(2, description="a ResNet, lr 0_1"))
    await catalog.create_experiment(_experiment(3, tags=("Baseline", "100% data")))
    assert await _ids(catalog, ExperimentFilter(q=text)) == found


async def test_a_search_finds_what_was_changed(catalog: Catalog) -> None:
    """New names and tags are found, old ones are not."""
    await catalog.create_experiment(_experiment(1, tags=("old",)))
    await catalog.change_experiment("id-1", tags=("new",), name="other")
    assert await _ids(catalog, ExperimentFilter(q="old")) == []
    assert await _ids(catalog, ExperimentFilter(q="new")) == ["id-1"]
    assert await _ids(catalog, ExperimentFilter(tag="old")) == []


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("sort", ExperimentFilter(sort="size")),
        ("sort", ExperimentFilter(sort="--name")),
        ("limit", ExperimentFilter(limit=0)),
        ("limit", ExperimentFilter(limit=1001)),
        ("q", ExperimentFilter(q="x" * 1001)),
        ("id", ExperimentFilter(ids=["x"] * 1001)),
        ("cursor", ExperimentFilter(cursor="")),
        ("cursor", ExperimentFilter(cursor="é")),
        ("cursor", ExperimentFilter(cursor="bm8=")),
        ("cursor", ExperimentFilter(cursor="WyItY3JlYXRlZCIsInRvZGF5IiwiaWQiXQ==")),  # a time that is none
    ],
)
async def test_a_wrong_list_query_names_the_field(catalog: Catalog, field: str, wanted: ExperimentFilter) -> None:
    """The message begins with what was wrong."""
    with pytest.raises(ToraValidationError, match=f"^{field} "):
        await catalog.experiments(wanted)


async def test_a_cursor_belongs_to_its_sort(catalog: Catalog) -> None:
    """With another sort it is refused, since its value means something else there."""
    for number in range(3):
        await catalog.create_experiment(_experiment(number))
    page = await catalog.experiments(ExperimentFilter(limit=1))
    with pytest.raises(ToraValidationError, match="cursor belongs to a list with sort=-created"):
        await catalog.experiments(ExperimentFilter(limit=1, sort="name", cursor=page.next))


async def test_all_survives_closing(make: Callable[[], Catalog]) -> None:
    """Experiments, workspaces and secrets are there when the catalog is opened again."""
    async with make() as first:
        await first.create_workspace(Workspace("w", "Team"))
        experiment, _ = await first.create_experiment(_experiment(1, workspace_id="w", tags=("a",)))
        secret = await first.secret("signing")
    async with make() as second:
        assert await second.experiment("id-1") == experiment
        assert await second.secret("signing") == secret
        assert await second.secret("other") != secret
        assert len(secret) == 32


async def test_a_cancelled_call_leaves_the_catalog_sound(catalog: Catalog) -> None:
    """Tasks given up at any moment neither lock the database nor leave half a record."""
    for number in range(60):
        task = asyncio.create_task(catalog.create_experiment(_experiment(number, tags=("a", "b"))))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await catalog.create_experiment(_experiment(100, tags=("a", "b")))
    page = await catalog.experiments(ExperimentFilter())
    assert page.items[0].id == "id-100"
    assert {one.tags for one in page.items} == {("a", "b")}


# --- The file -------------------------------------------------------------------------------------


async def test_the_migrations_lead_to_the_tables(file: Path) -> None:
    """Alembic finds no difference between a migrated catalog and `tables.py`, and its head is ours."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]
    async with Catalog.in_file(file):
        pass
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_experiments_of_the_first_tables_have_ended_when_they_changed_last(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog of revision 0001 is brought up to date: what ran runs on, nothing is archived."""
    with monkeypatch.context() as patched:
        patched.setattr("tora.server.catalog.migrate.HEAD", "0001")
        patched.setattr("alembic.command.upgrade", partial(_upgrade_to, "0001", command.upgrade))
        async with Catalog.in_file(file):
            pass
    with sqlite3.connect(file) as connection:
        connection.executemany(
            "INSERT INTO experiments VALUES (?, 'n', 'n', NULL, NULL, ?, NULL, NULL, 1000000, 3000000, '{}', 'n')",
            [("ran", "running"), ("done", "failed")],
        )
    connection.close()
    async with Catalog.in_file(file) as catalog:
        ran, done = await catalog.experiment("ran"), await catalog.experiment("done")
    assert (ran.ended_at, ran.archived, done.archived) == (None, False, False)
    assert done.ended_at == done.updated_at == dt.datetime(1970, 1, 1, 0, 0, 3, tzinfo=dt.UTC)


def _upgrade_to(revision: str, upgrade: Callable[..., None], config: object, _head: str) -> None:
    upgrade(config, revision)


def test_a_current_catalog_opens_without_alembic(file: Path) -> None:
    """Only a catalog that is new or old pays for importing it, and none in a file for what PostgreSQL takes."""
    program = (
        "import asyncio, pathlib, sys\n"
        "from tora.server.catalog import Catalog\n"
        "async def main():\n"
        "    async with Catalog.in_file(pathlib.Path(sys.argv[1])): pass\n"
        "asyncio.run(main())\n"
        "print('alembic' in sys.modules, {'asyncpg', 'tenacity'} & sys.modules.keys())\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert runs == ["True set()\n", "False set()\n"]


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _rights_of_others(folder: Path) -> list[int]:
    return [file.stat().st_mode & 0o077 for file in folder.iterdir()]


async def test_the_file_is_for_its_owner_alone(file: Path) -> None:
    """It holds secrets: no rights for group or others, neither on it nor on its log and its mark."""
    async with Catalog.in_file(file) as catalog:
        await catalog.secret("signing")
        assert _rights_of_others(file.parent) == [0, 0, 0]


async def test_closing_leaves_one_file(file: Path) -> None:
    """The log is folded in, so that the file alone is a backup."""
    async with Catalog.in_file(file) as catalog:
        await catalog.create_experiment(_experiment(1))
    assert _files(file.parent) == [file]


def _refused(content: str) -> Callable[[Path], None]:
    def build(file: Path) -> None:
        with sqlite3.connect(file) as connection:
            connection.executescript(content)
        connection.close()

    return build


def _damaged(file: Path) -> None:
    _refused(
        "CREATE TABLE t (a); WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r WHERE n < 9999) "
        "INSERT INTO t SELECT printf('%050d', n) FROM r;"
    )(file)
    content = bytearray(file.read_bytes())
    content[8192:65536] = b"\xff" * (65536 - 8192)
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda file: file.write_bytes(b"this is no database, but text " * 200), "damaged or no catalog of Tora"),
        (_damaged, "is damaged"),
        (_refused("CREATE TABLE songs (a);"), "belongs to another program: it has the table 'songs'"),
        (
            _refused("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999');"),
            "written by a newer Tora (its revision is 9999",
        ),
    ],
    ids=["text", "damaged", "foreign", "newer"],
)
def test_a_file_that_cannot_be_used_is_named_and_kept(file: Path, build: Callable[[Path], None], message: str) -> None:
    """The error says which file and what to do, and not a byte of it changes."""
    build(file)
    before = file.read_bytes()
    with pytest.raises(CatalogError) as caught:
        asyncio.run(Catalog.in_file(file).open())
    assert message in str(caught.value)
    assert str(file) in str(caught.value)
    assert file.read_bytes() == before
    assert _files(file.parent) == [file]


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error says which file and what to check."""
    with pytest.raises(CatalogError, match=r"none/catalog\.sqlite: No such file or directory; check that its folder"):
        await Catalog.in_file(tmp_path / "none" / "catalog.sqlite").open()


async def test_a_catalog_has_one_owner(file: Path) -> None:
    """A second one says that another process has it, and the first goes on."""
    async with Catalog.in_file(file) as first:
        with pytest.raises(CatalogError, match="another process has it open"):
            await Catalog.in_file(file).open()
        await first.create_experiment(_experiment(1))


async def test_a_failed_upgrade_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All migrations are one transaction, so that the next start finds what was there before."""
    from alembic import command

    upgrade = command.upgrade

    def fail(*args: object) -> None:
        upgrade(*args)  # type: ignore[arg-type]  # passed on as they came
        raise RuntimeError("after the tables were made")

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", fail)
        with pytest.raises(RuntimeError, match="after the tables"):
            await Catalog.in_file(file).open()
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
    async with Catalog.in_file(file) as catalog:
        await catalog.create_experiment(_experiment(1))


async def test_the_first_page_of_many_reads_no_more_than_it_shows(file: Path) -> None:
    """With 10,000 experiments every sort is answered from an index, not by sorting the table."""
    async with Catalog.in_file(file) as catalog:
        await catalog.create_experiment(_experiment(0))
    with sqlite3.connect(file) as connection:
        connection.execute(
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10000) "
            "INSERT INTO experiments SELECT 'x' || n, name || n, name_folded || n, description, notes, status, "
            "owner_writer, workspace_id, created_at + n, updated_at + n, hyperparams, search, archived, ended_at, "
            "creator_id FROM experiments, r"
        )
        for column in ("created_at", "updated_at", "name_folded", "status"):
            for direction in ("", " DESC"):
                order = f"{column}{direction}, id{direction}"
                where = "coalesce(archived, 0) = 0"
                query = f"SELECT * FROM experiments WHERE {where} ORDER BY {order} LIMIT 101"  # noqa: S608  # our names
                plan = connection.execute(f"EXPLAIN QUERY PLAN {query}")
                assert "USING INDEX" in (steps := str(plan.fetchall()))
                assert "TEMP B-TREE" not in steps
    connection.close()
    async with Catalog.in_file(file) as catalog:
        page = await catalog.experiments(ExperimentFilter(limit=100))
        assert len(page.items) == 100
        assert len(await _ids(catalog, ExperimentFilter(limit=1000, sort="name"))) == 10_001


_CREATOR = """
import asyncio, pathlib, sys
from tora.models import Experiment
from tora.server.catalog import Catalog
async def main():
    catalog = Catalog.in_file(pathlib.Path(sys.argv[1]))
    await catalog.open()
    for number in range(100_000):
        await catalog.create_experiment(Experiment(f"id-{number}", "run", tags=("a", "b")))
        print(number, flush=True)
asyncio.run(main())
"""


def test_what_was_acknowledged_survives_sigkill(file: Path) -> None:
    """Every experiment whose creation returned is whole after the process was killed."""
    with subprocess.Popen([sys.executable, "-c", _CREATOR, str(file)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 57:
                child.send_signal(signal.SIGKILL)
                break
        last = max([57, *map(int, child.stdout.read().split())])

    async def check() -> None:
        async with Catalog.in_file(file) as catalog:
            found = (await catalog.experiments(ExperimentFilter(limit=1000))).items
            assert {one.id for one in found} >= {f"id-{number}" for number in range(last + 1)}
            assert {one.tags for one in found} == {("a", "b")}

    asyncio.run(check())


async def test_a_full_disk_refuses_changes_and_serves_reads(file: Path) -> None:
    """Nothing is half stored, reads go on, and with room there is no need to start again."""
    async with Catalog.in_file(file) as catalog:
        await _limit_pages(catalog, 60)
        results = await asyncio.gather(
            *(catalog.create_experiment(_experiment(number, description="x" * 9000)) for number in range(60)),
            return_exceptions=True,
        )
        stored = sum(not isinstance(result, BaseException) for result in results)
        assert "the disk is full; make room and try again" in str(results[-1])
        assert {type(result) for result in results} == {tuple, CatalogFullError}
        assert len(await _ids(catalog, ExperimentFilter())) == stored
        await _limit_pages(catalog, 10_000)
        await catalog.create_experiment(_experiment(99))
        assert len(await _ids(catalog, ExperimentFilter())) == stored + 1


async def _limit_pages(catalog: Catalog, pages: int) -> None:
    """Let SQLite take the disk as full beyond so many pages."""
    async with catalog._engine.connect() as connection:
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

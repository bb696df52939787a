"""A server whose catalog is in PostgreSQL does what is documented of every server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from tests.server.conftest import refusal
from tests.server.test_process import ended, spawn
from tests.server.world import MEMBERS, World, ask
from tests.support import http
from tests.support.catalogs import copied_database
from tests.support.postgres import PASSWORD, Postgres
from tests.support.serving import Server, serving, start
from tora.cli import app
from tora.models import Experiment
from tora.server.catalog import Catalog


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    """A catalog of these tests alone, with a database of its own."""
    return copied_database(postgres)


@pytest.fixture(scope="module")
def team(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A team's server with people."""
    with serving(tmp_path_factory.mktemp("team") / "data", "--catalog", url, anonymous=False) as running:
        yield World.of(running)


def _log(server: Server, experiment: str, key: str, values: range) -> Any:
    body = {"writer": "w", "firstSeq": values.start, "logs": [{"name": "loss", "value": value} for value in values]}
    answer = http.request("POST", f"{server.url}/experiments/{experiment}/logs/batch", body, key=key)
    assert answer.status == 201, answer.body
    return answer.json()["data"]


def test_experiments_are_made_logged_to_listed_and_changed(team: World) -> None:
    """By whoever may, with what is searched for, sorted by and filtered with."""
    made = team.do("editor", "POST", "/experiments", {"name": "Größe", "workspaceId": team.here, "tags": ["b", "a"]})
    assert _log(team.server, made["id"], made["writeToken"], range(1, 11))["through"] == 10
    assert _log(team.server, made["id"], made["writeToken"], range(6, 13))["through"] == 12
    changed = {"notes": "n", "hyperparams": [{"key": "lr", "value": 0.1}], "context": {"argv": ["x"]}}
    team.do("editor", "PATCH", f"/experiments/{made['id']}", changed)
    found = team.do("viewer", "GET", f"/experiments?workspace={team.here}&q=GR%C3%96SSE&tag=a&sort=-name")["items"]
    assert [(one["id"], one["notes"], one["tags"]) for one in found] == [(made["id"], "n", ["b", "a"])]
    filtered = team.do(
        "viewer", "GET", "/experiments?filter=params.lr%3C1%20and%20metrics.loss%3D12&sort=-metric:loss:last"
    )
    assert [one["id"] for one in filtered["items"]] == [made["id"]]
    assert team.ask("stranger", "GET", f"/experiments/{made['id']}").status == 404
    refusal(team.ask("local", "GET", "/experiments/a%00b"), 404, "not_found")
    team.do("editor", "DELETE", f"/experiments/{made['id']}")
    refusal(team.ask("local", "GET", f"/experiments/{made['id']}"), 404, "not_found")


def test_people_keys_and_links_open_what_they_are_for(team: World) -> None:
    """Members are in their roles; a key, a share and an invitation work until they are revoked."""
    listed = team.do("viewer", "GET", f"/workspaces/{team.here}/members")["items"]
    roles = {one["id"]: one["role"] for one in listed}
    assert {name: roles[team.users[name]] for name in MEMBERS} == {name: name for name in MEMBERS}
    experiment = team.experiment(workspace=team.here)
    key = team.key("viewer", scope="read")
    head = {"x-api-key": key["key"]}
    assert ask(team.server.port, "GET", f"/experiments/{experiment}", headers=head).status == 200
    team.do("viewer", "DELETE", f"/api-keys/{key['id']}")
    assert ask(team.server.port, "GET", f"/experiments/{experiment}", headers=head).status == 401
    assert len(team.do("local", "GET", f"/experiments/{experiment}/shares")["items"]) == 0
    share = team.share(experiment)
    team.do("local", "DELETE", f"/experiments/{experiment}/shares/{share['id']}")
    assert {entry["action"] for entry in team.do("admin", "GET", "/audit")["items"]} >= {"share.create", "share.delete"}


def test_all_is_there_after_a_kill(url: str, tmp_path: Path) -> None:
    """What was acknowledged is good whichever folder the next server has; an old catalog in that is named."""
    first = start(tmp_path / "one", "--catalog", url)
    made = http.request("POST", f"{first.url}/experiments", {"id": "kept", "name": "n"}).json()["data"]
    first.stop(signal.SIGKILL)
    forgotten = tmp_path / "two" / "catalog.sqlite"
    forgotten.parent.mkdir()
    asyncio.run(_fill(forgotten))
    with serving(tmp_path / "two", "--catalog", url, anonymous=False) as second:
        assert _log(second, "kept", made["writeToken"], range(1, 3))["through"] == 2
        again = http.request("POST", f"{second.url}/experiments", {"id": "kept", "name": "x"}, key=second.key)
        assert (again.status, again.json()["data"]["name"]) == (200, "n")
        assert http.request("GET", f"{second.url}/experiments/forgotten", key=second.key).status == 404
        assert f"{forgotten} is not used" in second.said()
    _check_commands_on(tmp_path / "one")


async def _fill(file: Path) -> None:
    async with Catalog.in_file(file) as catalog:
        await catalog.create_experiment(Experiment("forgotten", "n"))


def _check_commands_on(folder: Path) -> None:
    """Where its server does not run, a command makes no catalog of its own beside the one elsewhere."""
    for words in (["admin", "users"], ["backup", str(folder.parent / "file")]):
        result = CliRunner().invoke(app, [*words, "--dir", str(folder)], env={"COLUMNS": "1000"})
        assert result.exit_code == 1
        assert "keeps the catalog elsewhere (`tora server --catalog`); start that server first" in result.output
    assert not list(folder.glob("catalog.sqlite*"))


def test_figures_and_health_are_told(team: World) -> None:
    """The size is the database's, and no answer has the address."""
    text = team.ask("local", "GET", "/metrics/prometheus").body.decode()
    (sizes,) = (one for one in text_string_to_metric_families(text) if one.name == "tora_store_bytes")
    assert {one.labels["store"]: one.value > 0 for one in sizes.samples} == {"catalog": True, "metrics": True}
    answers = [team.ask("local", "GET", path).body.decode() for path in ("/health", "/openapi.json", "/session")]
    assert not [said for said in (text, *answers, team.server.said()) if PASSWORD in said or "asyncpg" in said]


def test_commands_work_through_the_server(team: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An administrator on its machine needs the folder alone; a backup is PostgreSQL's matter, and says so."""
    monkeypatch.setenv("COLUMNS", "1000")

    def tora(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words)
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    folder = str(team.server.dir)
    assert "/welcome#token=" in tora("admin", "create-user", "ada", "--dir", folder, "--url", "https://tora.example")
    assert "ada" in tora("admin", "users", "--dir", folder)
    assert "pg_dump" in tora("backup", str(tmp_path / "file"), "--dir", folder, code=1)
    assert not (tmp_path / "file").exists()
    team.server.dir.chmod(0o700)
    assert "WRONG" not in tora("doctor", "--dir", folder)


def test_a_database_that_cannot_be_used_ends_the_start(url: str, tmp_path: Path) -> None:
    """With 5 and the reason where it does not answer, with 2 where its address is none; never with the password."""
    away = sa.make_url(url).set(port=1).render_as_string(hide_password=False)
    code, said = ended(spawn(tmp_path / "data", "--port", "0", "--catalog", away))
    assert (code, "Traceback" in said, PASSWORD in said) == (5, False, False)
    assert "check that PostgreSQL runs, and its address" in said
    result = CliRunner().invoke(app, ["server"], env={"TORA_SERVER_CATALOG": "mysql://u:secret@h/db"})
    assert (result.exit_code, "secret" in result.output) == (2, False)
    assert "mysql://" in result.output

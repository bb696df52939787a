"""`tora ls`, `show`, `rename`, `tag` and `rm`: experiments from the terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Tora, line, log
from tests.support import http
from tests.support.serving import Server

Made = Callable[..., str]

HOSTILE = "\N{ZERO WIDTH JOINER}[red]\N{RIGHT-TO-LEFT OVERRIDE}x\u2066"


def unique() -> str:
    """Return a name that no other test has."""
    return f"n{uuid.uuid4().hex[:12]}"


def record(server: Server, experiment: str) -> Any:
    """Return an experiment's record as the server has it."""
    return http.data(f"{server.url}/experiments/{experiment}", key=server.key)


# --- ls -------------------------------------------------------------------------------------------


def test_ls_shows_a_table(tora: Tora, made: Made) -> None:
    """Each experiment is a row with its id, name, status and tags, and the last value of chosen metrics."""
    name = unique()
    experiment = made(name, [3.0, 0.125], tags=["a", "b"])
    head, *rows = tora("ls", "--filter", f'name = "{name}"', "--metric", "loss").stdout.splitlines()
    assert head.split() == ["ID", "NAME", "STATUS", "CREATED", "DURATION", "TAGS", "loss"]
    [row] = rows
    assert row.startswith(f"{experiment}  {name}  running")
    assert row.split()[-3:] == ["a,", "b", "0.125"]


def test_ls_as_json_is_one_document(tora: Tora, made: Made) -> None:
    """With --json there is the server's list and nothing else on standard output."""
    name = unique()
    experiment = made(name, [1.0, "NaN"])
    [found] = json.loads(tora("ls", "--filter", f'name = "{name}"', "--json").stdout)
    assert (found["id"], found["metrics"][0]["last"]) == (experiment, "NaN")


def test_ls_sorts_and_limits(tora: Tora, made: Made) -> None:
    """--sort orders, --limit cuts, and what was left out is said on standard error."""
    tag = unique()
    ids = [made(f"{unique()}", [float(value)], tags=[tag]) for value in (2, 3, 1)]
    ended = tora("ls", "--filter", f'tag = "{tag}"', "--sort", "-metric:loss:last", "--limit", "2", "--json")
    assert [each["id"] for each in json.loads(ended.stdout)] == [ids[1], ids[0]]
    assert ended.stderr == "2 of 3; --limit shows more.\n"


def test_ls_of_a_workspace_and_of_the_archive(tora: Tora, made: Made) -> None:
    """--workspace takes a name or an id; archived experiments show with --archived alone."""
    name = unique()
    place = json.loads(tora("workspace", "create", name, "--json").stdout)["id"]
    inside, put_away = made(unique(), workspaceId=place), made(unique(), workspaceId=place)
    server = os.environ["TORA_SERVER_URL"]
    http.request("PATCH", f"{server}/experiments/{put_away}", {"archived": True}, key=os.environ["TORA_API_KEY"])
    for named in (name, place):
        assert [each["id"] for each in json.loads(tora("ls", "--workspace", named, "--json").stdout)] == [inside]
    shown = json.loads(tora("ls", "--workspace", name, "--archived", "--json").stdout)
    assert [each["id"] for each in shown] == [put_away]


def test_a_wrong_filter_is_told_in_one_line(tora: Tora) -> None:
    """The server's words come through, with the place where it goes wrong."""
    assert line(tora("ls", "--filter", "lr <", code=1)).startswith("tora ls: filter: ")


# --- Naming ---------------------------------------------------------------------------------------


def test_an_experiment_is_named_by_id_prefix_or_name(tora: Tora, made: Made) -> None:
    """The whole id, a beginning that no other has, and a name that no other has lead to the same experiment."""
    name = unique()
    experiment = made(name, id=f"{unique()}-tail")
    for named in (experiment, experiment[:10], name):
        assert json.loads(tora("show", named, "--json").stdout)["id"] == experiment


def test_an_id_goes_before_a_beginning(tora: Tora, made: Made) -> None:
    """Where the id of one begins the id of another, the whole id means the one."""
    short = made(unique(), id=unique())
    made(unique(), id=f"{short}-longer")
    assert json.loads(tora("show", short, "--json").stdout)["id"] == short


def test_an_ambiguous_name_lists_the_candidates(tora: Tora, made: Made) -> None:
    """Two of a name are an error that names both ids, and nothing is done."""
    name = unique()
    ids = {made(name), made(name)}
    said = line(tora("rm", name, "--yes", code=1))
    assert said.startswith(f"tora rm: '{name}' is the name of, or begins the id of, ")
    assert all(each in said for each in ids)
    assert len(json.loads(tora("ls", "--filter", f'name = "{name}"', "--json").stdout)) == 2


@pytest.mark.parametrize("named", ["no such experiment", "../users", "a/b?c=d", "%2e%2e"])
def test_an_unknown_experiment_is_one_line(tora: Tora, named: str) -> None:
    """A name that means nothing is an error that says so, whatever is in it."""
    assert (
        line(tora("show", named, code=1))
        == f"tora show: there is no experiment {named!r}; `tora ls` shows what there is"
    )


# --- show -----------------------------------------------------------------------------------------


def test_show_tells_all_and_draws(tora: Tora, made: Made, signed_in: Server) -> None:
    """The record, the hyperparameters, a row a metric and a chart of the named one."""
    experiment = made(unique(), [1.0, 0.5, "NaN", 0.25], hyperparams=[{"key": "lr", "value": 0.1}], tags=["t"])
    log(signed_in, experiment, [{"name": "other", "value": 7, "step": 0}])
    shown = tora("show", experiment, "--metric", "loss").stdout
    assert "  tags         t\n" in shown
    assert "  lr = 0.1\n" in shown
    assert any(row.split()[:2] == ["loss", "4"] for row in shown.splitlines())
    assert "1 of 4 values are not finite" in shown
    assert shown.count("┌") == 1
    assert "┌" not in tora("show", experiment, "--no-plot").stdout


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], ["NaN", "Infinity"], [1e308, -1e308], [5e-324, 0.0]])
def test_any_values_can_be_drawn(tora: Tora, made: Made, values: list[float | str]) -> None:
    """One point, a constant, nothing finite, and the ends of what a double holds are drawn or said, not failed at."""
    assert "loss" in tora("show", made(unique(), values)).stdout


def test_show_as_json_has_no_key(tora: Tora, made: Made) -> None:
    """The document has record, summaries and the chosen series, and never the experiment's write token."""
    experiment = made(unique(), [1.0, 2.0])
    found = json.loads(tora("show", experiment, "--metric", "loss", "--json").stdout)
    assert found["series"][0]["columns"]["last"] == [1.0, 2.0]
    assert found["metrics"][0]["name"] == "loss"
    assert "writeToken" not in found


def test_an_unknown_metric_names_those_there_are(tora: Tora, made: Made) -> None:
    """A metric that the experiment does not have is an error with those that it has."""
    experiment = made(unique(), [1.0])
    said = line(tora("show", experiment, "--metric", "nope", code=1))
    assert said == "tora show: there is no metric 'nope'; there are loss"


def test_text_of_the_server_cannot_command_a_terminal(tora: Tora, made: Made) -> None:
    """Colours, cursor movements, reversed text and markup in descriptions and names are printed as text or left out."""
    experiment = made(f"{unique()}{HOSTILE}", description="line\nnext\ttab")
    for ended in (tora("show", experiment), tora("ls"), tora("ls", "--json"), tora("show", experiment, "--json")):
        assert not set("\x1b\x9b\u202e\u2066\t") & set(ended.output)
    assert "[red]" in tora("show", experiment).stdout
    assert json.loads(tora("show", experiment, "--json").stdout)["name"].endswith(HOSTILE)


# --- rename, tag, rm ------------------------------------------------------------------------------


def test_rename(tora: Tora, made: Made, signed_in: Server) -> None:
    """The experiment has the new name, and what is no name is refused in one line."""
    experiment = made(unique())
    tora("rename", experiment, "another name")
    assert record(signed_in, experiment)["name"] == "another name"
    assert "experiment name" in line(tora("rename", experiment, " ", code=1))


def test_tags_are_added_and_taken_away(tora: Tora, made: Made, signed_in: Server) -> None:
    """+NEW adds, -OLD takes away, in any number; without changes the tags are printed."""
    experiment = made(unique(), tags=["old", "kept"])
    assert tora("tag", experiment, "-old", "+new", "+json").stdout.splitlines() == ["kept", "new", "json"]
    assert record(signed_in, experiment)["tags"] == ["kept", "new", "json"]
    assert json.loads(tora("tag", experiment, "--json").stdout)["tags"] == ["kept", "new", "json"]


@pytest.mark.parametrize("change", ["plain", "+", "-absent"])
def test_a_wrong_change_of_tags_changes_nothing(tora: Tora, made: Made, signed_in: Server, change: str) -> None:
    """What is no change, or takes away what is not there, is an error, and the others are not made either."""
    experiment = made(unique(), tags=["kept"])
    assert change.lstrip("+-") in line(tora("tag", experiment, "+new", change, code=1))
    assert record(signed_in, experiment)["tags"] == ["kept"]


def test_rm_deletes_what_it_names(tora: Tora, made: Made, signed_in: Server) -> None:
    """With --yes all are gone; one that is not there stops it before anything is deleted."""
    ids = [made(unique()), made(unique())]
    line(tora("rm", *ids, "no such experiment", "--yes", code=1))
    assert json.loads(tora("rm", *ids, "--yes", "--json").stdout) == {"deleted": ids}
    for each in ids:
        assert http.request("GET", f"{signed_in.url}/experiments/{each}", key=signed_in.key).status == 404


def test_rm_without_a_terminal_asks_for_yes(tora: Tora, made: Made) -> None:
    """A script that forgot --yes is told so, and nothing is deleted."""
    experiment = made(unique())
    said = line(tora("rm", experiment, code=1))
    assert said == "tora rm: there is no terminal to ask whether to delete; give --yes"
    tora("show", experiment)


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"y\n", 0)])
def test_rm_asks_on_a_terminal(made: Made, signed_in: Server, answer: bytes, code: int) -> None:
    """It names what it would delete, and only yes deletes."""
    experiment = made("of this name")
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tora", "rm", experiment],
        stdin=other,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    os.write(terminal, answer)
    _, said = process.communicate(timeout=60)
    os.close(other)
    os.close(terminal)
    assert process.returncode == code
    assert f"{experiment}  of this name".encode() in said
    there = http.request("GET", f"{signed_in.url}/experiments/{experiment}", key=signed_in.key).status
    assert there == (404 if code == 0 else 200)

"""`tora export` and `import`: every point out of a server, and into one again."""

from __future__ import annotations

import csv
import json
import math
import signal
import struct
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Tora, line, log
from tests.support.http import data, summaries, use_key
from tests.support.polling import until
from tests.support.scripted import Asked, Reply, scripted
from tests.support.serving import Server
from tora.cli.points import read_points

Made = Callable[..., str]
Rows = list[tuple[Any, ...]]

VALUES = [0.1, "NaN", "Infinity", "-Infinity", -0.0, 5e-324, 1.7976931348623157e308]
NAMES = ["loss", 'größe/🔥, "x"', "=1+2"]


@pytest.fixture
def filled(made: Made, signed_in: Server) -> str:
    """An experiment with points of all kinds from two writers."""
    use_key(signed_in.url, signed_in.key)
    experiment = made(f"of {uuid.uuid4().hex}")
    for writer in ("w1", "w2"):
        logs = [
            {
                "name": NAMES[i % 3],
                "value": VALUES[i % 7],
                "step": None if i % 3 == 2 and writer == "w1" else i * 10**12,
                "time": 1.5e9 + i / 7,
                "metadata": {"text": 'a "quoted"\nline, ☃', "i": [i, None]} if i % 5 == 0 else None,
            }
            for i in range(60)
        ]
        log(signed_in, experiment, logs, writer=writer, firstSeq=1)
    return experiment


def rows(path: Path) -> Rows:
    """Return the points of a file in an order of their own, without the writer's id; a double as its bytes."""
    found = [
        (p.name, struct.pack("d", p.value), p.step if p.step is not None else -1, p.time, json.dumps(p.metadata))
        for p in read_points(path)
    ]
    return sorted(found)


def imported(tora: Tora, *arguments: str) -> list[dict[str, Any]]:
    """Import and return what became of each file."""
    found: list[dict[str, Any]] = json.loads(tora("import", *arguments, "--json").stdout)["runs"]
    return found


# --- export ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_an_export_has_every_point(tora: Tora, filled: str, tmp_path: Path, kind: str) -> None:
    """The kind follows from the file's name, and the file is complete."""
    target = tmp_path / f"points.{kind}"
    assert tora("export", filled, "-o", str(target)).stdout == f"{target}: {target.stat().st_size:,} bytes\n"
    assert len(rows(target)) == 120
    assert list(tmp_path.glob(".points*")) == []


def test_an_export_shows_how_far_it_is(
    tora: Tora, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a bar counts the points; it is gone at the end, and never on standard output."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    target = tmp_path / "points.csv"
    ended = tora("export", filled, "-o", str(target))
    assert "120/120" in ended.stderr
    assert ended.stdout == f"{target}: {target.stat().st_size:,} bytes\n"


def test_an_export_is_named_for_the_experiment(
    tora: Tora, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --output the file stands here under a name that any file system takes."""
    monkeypatch.chdir(tmp_path)
    experiment = made("../../etc/passwd run: 1", [1.0])
    tora("export", experiment, "--format", "jsonl")
    assert (tmp_path / "etc-passwd-run-1.jsonl").exists()


def test_an_export_replaces_nothing(tora: Tora, filled: str, tmp_path: Path) -> None:
    """A file that is there stays as it is, unless --force says otherwise."""
    target = tmp_path / "points.csv"
    target.write_text("mine", encoding="utf-8")
    assert "is there already" in line(tora("export", filled, "-o", str(target), code=1))
    assert target.read_text("utf-8") == "mine"
    tora("export", filled, "-o", str(target), "--force")
    assert len(rows(target)) == 120


def test_an_export_of_some_metrics_to_standard_output(filled: str) -> None:
    """--metric narrows it, and - puts the bytes on standard output, with nothing beside them."""
    ended = subprocess.run(
        [sys.executable, "-m", "tora", "export", filled, "-o", "-", "--metric", "loss", "--metric", "=1+2"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert ended.stderr == b""
    head, *found = csv.reader(ended.stdout.decode().splitlines())
    assert head[:2] == ["name", "value"]
    assert {row[0] for row in found} == {"loss", "=1+2"}


def test_an_export_that_breaks_off_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that ends early is an error, and neither the file nor a part of it stays."""

    def answer(asked: Asked) -> Reply | None:
        if "/export" in asked.path:
            return Reply(200, {"cut": "short"}, {"Content-Length": "1000", "Connection": "close"})
        return None

    with scripted(answer) as script:
        monkeypatch.setenv("TORA_SERVER_URL", script.url)
        ended = subprocess.run(
            [sys.executable, "-m", "tora", "export", "e", "-o", str(tmp_path / "points.csv")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("tora export: GET ")
    assert len(ended.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("*points*"))


def test_an_export_that_is_interrupted_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends it with 130, without a trace or a part of the file."""
    import threading

    asked_for, go_on = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Reply | None:
        if "/export" in asked.path:
            asked_for.set()
            go_on.wait(30)
        return None

    with scripted(answer) as script:
        monkeypatch.setenv("TORA_SERVER_URL", script.url)
        process = subprocess.Popen(
            [sys.executable, "-m", "tora", "export", "e", "-o", str(tmp_path / "points.csv")],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asked_for.wait(30)
        until(lambda: list(tmp_path.glob(".points*")), "part of the file")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        go_on.set()
    assert (process.returncode, said) == (130, "")
    assert not list(tmp_path.glob("*points*"))


def test_an_export_to_a_place_that_cannot_be_written(tora: Tora, filled: str, tmp_path: Path) -> None:
    """A folder that is not there is one line that names the file."""
    target = tmp_path / "absent" / "points.csv"
    assert line(tora("export", filled, "-o", str(target), code=1)).startswith(f"tora export: cannot write {target}: ")


# --- import ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_what_was_exported_comes_back_exactly(tora: Tora, filled: str, tmp_path: Path, kind: str) -> None:
    """Names, values, steps, times and metadata are the same to the bit, NaN and the infinities among them."""
    first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"
    tora("export", filled, "-o", str(first))
    [done] = imported(tora, str(first), "--name", f"copy {kind}")
    assert (done["points"], done["stored"], done["metrics"]) == (120, 120, 3)
    tora("export", done["experiment"], "-o", str(second))
    assert rows(second) == rows(first)
    record = json.loads(tora("show", done["experiment"], "--json").stdout)
    assert (record["name"], record["status"]) == (f"copy {kind}", "finished")


def test_a_parquet_file_brings_its_experiment_along(tora: Tora, made: Made, tmp_path: Path) -> None:
    """Name, hyperparameters, tags and description come back from the file's metadata."""
    pairs = [{"key": "lr", "value": 0.1}, {"key": "it's", "value": "a {name}"}]
    experiment = made("it's a 'run'", [1.0], hyperparams=pairs, tags=["größer"], description="two\nlines")
    path = tmp_path / "points.parquet"
    tora("export", experiment, "-o", str(path))
    [done] = imported(tora, str(path))
    first, second = (json.loads(tora("show", each, "--json").stdout) for each in (experiment, done["experiment"]))
    same = ("name", "hyperparams", "tags", "description", "createdAt")
    assert [second[field] for field in same] == [first[field] for field in same]


def test_importing_again_stores_nothing(tora: Tora, filled: str, tmp_path: Path, signed_in: Server) -> None:
    """The same file is the same experiment, and the same points in another kind of file are the same points."""
    paths = [tmp_path / f"points.{kind}" for kind in ("csv", "jsonl", "parquet")]
    for path in paths:
        tora("export", filled, "-o", str(path))
    [once] = imported(tora, str(paths[0]))
    [again] = imported(tora, str(paths[0]))
    assert (again["experiment"], again["stored"]) == (once["experiment"], 0)
    done = imported(tora, *map(str, paths), "--into", once["experiment"])
    assert [each["stored"] for each in done] == [0, 0, 0]
    counts = {name: each["count"] for name, each in summaries(signed_in.url, once["experiment"]).items()}
    assert counts == dict.fromkeys(NAMES, 40)


def test_a_part_and_then_the_whole(tora: Tora, filled: str, tmp_path: Path, signed_in: Server) -> None:
    """A file of one metric, then one of all, then a longer one: each adds what was missing, and no point twice."""
    target = json.loads(tora("import", str(_nothing(tmp_path)), "--json").stdout)["runs"][0]["experiment"]
    part, whole, longer = (tmp_path / f"{name}.csv" for name in ("part", "whole", "longer"))
    tora("export", filled, "-o", str(part), "--metric", "loss")
    tora("export", filled, "-o", str(whole))
    logs = [{"name": "loss", "value": 1, "step": 9, "time": 1.6e9}]
    log(signed_in, filled, logs, writer="w1", firstSeq=61)
    tora("export", filled, "-o", str(longer))
    done = imported(tora, str(part), str(whole), str(longer), "--into", target)
    assert [each["stored"] for each in done] == [40, 80, 1]
    assert summaries(signed_in.url, target)["loss"]["count"] == 41


def test_many_points_are_cut_into_batches(tora: Tora, tmp_path: Path, signed_in: Server) -> None:
    """A file of more points than a request may hold arrives whole and in order."""
    path = tmp_path / "many.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "value", "step", "time", "writer", "metadata"])
        writer.writerows(["loss", i / 3, i, 1.5e9, "w", ""] for i in range(25_000))
    [done] = imported(tora, str(path), "--name", uuid.uuid4().hex)
    assert done["stored"] == 25_000
    use_key(signed_in.url, signed_in.key)
    found = data(f"{signed_in.url}/series?experiment={done['experiment']}&name=loss&points=0")["series"][0]["columns"]
    assert found["x"] == list(range(25_000))
    assert found["last"] == [i / 3 for i in range(25_000)]


HEAD = "name,value,step,time,writer,metadata\r\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{HEAD}loss,1,0,1.5,w,\r\nloss,x,1,1.5,w,\r\n", "point 2: could not convert"),
        (f"{HEAD}loss,1,-1,1.5,w,\r\n", "point 1: step must be from 0"),
        (f"{HEAD}loss,1,1,nan,w,\r\n", "point 1: time must be Unix seconds"),
        (f"{HEAD},1,1,1.5,w,\r\n", "point 1: metric name"),
        (f"{HEAD}loss,1,1,1.5,w,[1]\r\n", "point 1: Expected `object`"),
        (f"{HEAD}loss,1\r\n", "point 1: a line must have 6 fields, got 2"),
        ("a,b\r\n1,2\r\n", "its beginning: the first line must be name,value,step,time,writer,metadata"),
        ('{"name": "loss", "value": "nan", "time": 1}\n', "point 1: Invalid enum value"),
        ('{"name": "loss", "time": 1}\n', "point 1: Object missing required field `value`"),
        ("PAR1 and no more", "its beginning: it cannot be read as Parquet"),
        ("", "its beginning: the first line must be"),
    ],
)
def test_a_file_that_is_wrong_is_not_begun(tora: Tora, tmp_path: Path, content: str, said: str) -> None:
    """One line names the file, the point and what is wrong there, and no experiment is made."""
    path = tmp_path / f"{uuid.uuid4().hex}.csv"
    path.write_text(content, encoding="utf-8", newline="")
    ended = tora("import", str(path), "--from", "tora", code=1)
    assert ended.stderr.startswith(f"tora import: {path}, {said}")
    assert len(ended.stderr.splitlines()) == 1
    assert json.loads(tora("ls", "--filter", f'name = "{path.stem}"', "--json").stdout) == []


def test_a_file_that_is_not_there(tora: Tora, tmp_path: Path) -> None:
    """A name that leads nowhere is one line."""
    ended = tora("import", str(tmp_path / "absent.csv"), code=1)
    assert ended.stderr == f"tora import: cannot read {tmp_path / 'absent.csv'}: No such file or directory\n"


def test_an_import_can_be_stopped_and_repeated(tora: Tora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was stored before it was killed is not stored again by the next, and the rest is."""
    path = tmp_path / "points.jsonl"
    lines = [json.dumps({"name": "loss", "value": i, "step": i, "time": 1.5e9}) for i in range(15_000)]
    path.write_text("\n".join(lines[:10_000]) + "\n", encoding="utf-8")
    [begun] = imported(tora, str(path), "--name", uuid.uuid4().hex)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    [ended] = imported(tora, str(path), "--into", begun["experiment"])
    assert (ended["points"], ended["stored"]) == (15_000, 5_000)


def test_one_experiment_can_be_named_only_one_way(tora: Tora, tmp_path: Path) -> None:
    """--into with --name is an error that says what goes with what."""
    ended = tora("import", str(_nothing(tmp_path)), "--into", "x", "--name", "y", code=1)
    assert "--name and --workspace cannot go with it" in ended.stderr


def test_reading_is_exact() -> None:
    """The test's own comparison tells zeros and NaNs apart from what is near them."""
    assert struct.pack("d", -0.0) != struct.pack("d", 0.0)
    assert struct.pack("d", math.nan) == struct.pack("d", float("NaN"))


def _nothing(folder: Path) -> Path:
    path = folder / f"{uuid.uuid4().hex}.csv"
    path.write_text(HEAD, encoding="utf-8", newline="")
    return path

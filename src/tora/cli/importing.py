"""``tora import``: runs of files and of other trackers into experiments, each point once however often it is done."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from tora.cli.words import AsJson
from tora.errors import ToraError, ToraValidationError

if TYPE_CHECKING:
    from tora.cli.imported import Imported
    from tora.cli.remote import Remote
    from tora.cli.sources.records import Run, Source

__all__ = ["import_"]

_NAMESPACE: Final = uuid.UUID("6c1cf1d4-9f0e-5c0b-8a35-7a0f5d2b8672")
_NAMED: Final = 10
_FILES: Final = frozenset({"csv", "tora"})
"""Kinds of which several may go into one experiment: they hold points, and no more of a run."""


def import_(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Exports of Tora's, CSV tables, or files and folders of TensorBoard, wandb and MLflow."),
    ],
    kind: Annotated[
        Literal["tensorboard", "wandb", "mlflow", "csv", "tora"] | None,
        typer.Option("--from", help="What the sources are.", show_default="found out"),
    ] = None,
    step: Annotated[
        str | None, typer.Option(help="The column of CSV tables that has the steps.", show_default="step, if any")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="The column of CSV tables that has the times.", show_default="timestamp, if any")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The new experiment's name, which takes all files.", show_default="a run's own")
    ] = None,
    into: Annotated[
        str | None, typer.Option(help="An experiment that is there, which takes all files; its id or name.")
    ] = None,
    workspace: Annotated[str | None, typer.Option(help="The workspace of new experiments, its name or id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import runs, each into an experiment of its own unless --name or --into says otherwise.

    Can be repeated: what was imported before is not stored again, and what has been added since is. A source in which
    something is wrong is not begun.
    """
    from tora.cli import imported, remote
    from tora.cli.sources import finding
    from tora.cli.sources.tables import Columns

    async def work(server: Remote) -> None:
        if into is not None and (name is not None or workspace is not None):
            raise ToraValidationError("--into takes an experiment as it is: --name and --workspace cannot go with it")
        found = {path: finding.opened(path, kind, Columns(step, time)) for path in dict.fromkeys(sources)}
        # Wherever it goes wrong, what was done is told.
        done: list[Imported] = []
        try:
            for group in _groups(found, is_one=name is not None or into is not None):
                target = await _target(server, [run for _, run in group], name, into, workspace)
                for path, run in group:
                    done.append(await _import(server, target, path, run))
                if into is None:
                    await _complete(server, target, group[0][1])
        finally:
            imported.tell(done, {str(path): source.left for path, source in found.items()}, as_json=as_json)

    remote.run("import", work)


_Group = Sequence[tuple[Path, "Run"]]


def _groups(found: Mapping[Path, Source], *, is_one: bool) -> Sequence[_Group]:
    """Return the runs by the experiments that they go into."""
    runs = [(path, run) for path, source in found.items() for run in source.runs]
    if not is_one:
        return [[each] for each in runs]
    if len(runs) > 1 and not all(run.kind in _FILES for _, run in runs):
        names = ", ".join(repr(run.name) for _, run in runs[:_NAMED]) + (", ..." if len(runs) > _NAMED else "")
        raise ToraValidationError(
            f"--name and --into take one run, and there are {len(runs)}: {names}; "
            "leave them out, and each run has an experiment of its own"
        )
    return [runs]


async def _target(
    server: Remote, runs: Sequence[Run], name: str | None, into: str | None, workspace: str | None
) -> dict[str, Any]:
    """Return the experiment that runs go into; the same runs by the same user go into the same new one."""
    from tora.cli import finding

    if into is not None:
        return await finding.experiment(server, into)
    first = runs[0]
    place = None if workspace is None else (await finding.workspace(server, workspace))["id"]
    user = (await server.get("/session"))["user"]
    marks = [name, place, None if user is None else user["id"], *((run.kind, run.identity) for run in runs)]
    body: dict[str, Any] = {
        "name": name or first.name,
        "id": f"import-{uuid.uuid5(_NAMESPACE, repr(marks)).hex}",
        "description": first.description,
        "tags": list(first.tags),
        "hyperparams": _pairs(first.hyperparams),
    }
    if place is not None:
        body["workspaceId"] = place
    if first.started is not None:
        body["createdAt"] = first.started
    if first.context:
        body["context"] = first.context
    made: dict[str, Any] = await server.call("POST", "/experiments", body)
    return made


async def _import(server: Remote, target: Mapping[str, Any], path: Path, run: Run) -> Imported:
    from tora.cli.imported import Imported
    from tora.cli.progress import Progress
    from tora.cli.storing import Storing

    with Progress(f"importing {run.name}", run.count) as progress:
        storing = await Storing.into(server, target["id"], progress.advance, is_export=run.kind == "tora")
        try:
            await storing.store(run.points())
        except ToraError as exc:
            raise type(exc)(
                f"{path}, {run.name}: stopped after {storing.done:,} of {run.count:,} points: {exc}"
            ) from exc
    return Imported(str(path), run, target["id"], target["name"], target["url"], storing.stored, storing.metrics)


async def _complete(server: Remote, target: Mapping[str, Any], run: Run) -> None:
    """Say how a run ended, and what has been added to it since it was imported first."""
    changes: dict[str, Any] = {}
    before = {pair["key"]: pair["value"] for pair in target["hyperparams"]}
    if new := {key: value for key, value in run.hyperparams.items() if key not in before}:
        changes["hyperparams"] = _pairs(before | new)
    if run.notes is not None and not target["notes"]:
        changes["notes"] = run.notes
    if run.status != "running":
        changes["status"] = run.status
        if run.ended is not None:
            changes["endedAt"] = run.ended
    if changes:
        await server.call("PATCH", f"/experiments/{target['id']}", changes)


def _pairs(hyperparams: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in hyperparams.items()]

"""``tora import``: the points of files into experiments, each once however often it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from attrs import frozen

from tora.cli.words import AsJson, say, say_json
from tora.errors import ToraError, ToraValidationError

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["import_"]


def import_(
    files: Annotated[list[Path], typer.Argument(help="Exports of Tora's: CSV, JSONL or Parquet.")],
    name: Annotated[
        str | None, typer.Option(help="The new experiment's name, which takes all files.", show_default="a file's own")
    ] = None,
    into: Annotated[
        str | None, typer.Option(help="An experiment that is there, which takes all files; its id or name.")
    ] = None,
    workspace: Annotated[str | None, typer.Option(help="The workspace of new experiments, its name or id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import points, each file into an experiment of its own unless --name or --into says otherwise.

    Can be repeated: what was imported before is not stored again. A file in which something is wrong is not begun.
    """
    from tora.cli import remote

    async def work(server: Remote) -> None:
        if into is not None and (name is not None or workspace is not None):
            raise ToraValidationError("--into takes an experiment as it is: --name and --workspace cannot go with it")
        sources = [_source(path) for path in dict.fromkeys(files)]
        groups = [sources] if name is not None or into is not None else [[each] for each in sources]
        # Wherever it goes wrong, what was done is told.
        done: list[dict[str, Any]] = []
        try:
            for group in groups:
                target = await _target(server, group, name, into, workspace)
                done += [await _import(server, target, source) for source in group]
                if into is None:
                    await server.call("PATCH", f"/experiments/{target['id']}", {"status": "finished"})
        finally:
            if as_json:
                say_json({"files": done})
            else:
                say(*map(_told, done))

    remote.run("import", work)


@frozen
class _Source:
    path: Path
    points: int
    digest: str


def _source(path: Path) -> _Source:
    """Return a file that was read to its end, and found to be right."""
    from tora.cli.points import read_points

    points = sum(1 for _ in read_points(path))
    try:
        with path.open("rb") as file:
            return _Source(path, points, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as exc:
        raise ToraValidationError(f"cannot read {path}: {exc}") from exc


async def _target(
    server: Remote, sources: Sequence[_Source], name: str | None, into: str | None, workspace: str | None
) -> dict[str, Any]:
    """Return the experiment that files go into; the same files by the same user go into the same new one."""
    from tora.cli import finding

    if into is not None:
        return await finding.experiment(server, into)
    title = name or sources[0].path.stem or "import"
    place = None if workspace is None else (await finding.workspace(server, workspace))["id"]
    user = (await server.get("/session"))["user"]
    marks = [title, place, None if user is None else user["id"], *(each.digest for each in sources)]
    body = {
        "name": title,
        "id": f"import-{hashlib.sha256(repr(marks).encode()).hexdigest()[:24]}",
        "description": f"Imported from {', '.join(each.path.name for each in sources)}"[:1000],
    }
    made: dict[str, Any] = await server.call("POST", "/experiments", body | ({"workspaceId": place} if place else {}))
    return made


async def _import(server: Remote, target: dict[str, Any], source: _Source) -> dict[str, Any]:
    from tora.cli.progress import Progress
    from tora.cli.storing import Storing

    with Progress(f"importing {source.path.name}", source.points) as progress:
        storing = await Storing.into(server, target["id"], progress.advance)
        try:
            await storing.store(source.path)
        except ToraError as exc:
            raise type(exc)(
                f"{source.path}: stopped after {storing.done:,} of {source.points:,} points: {exc}"
            ) from exc
    return {
        "file": str(source.path),
        "experiment": target["id"],
        "name": target["name"],
        "url": target["url"],
        "points": source.points,
        "stored": storing.stored,
        "metrics": storing.metrics,
    }


def _told(done: dict[str, Any]) -> str:
    before = done["points"] - done["stored"]
    already = f", {before:,} were there already" if before else ""
    return (
        f"{done['file']}: {done['stored']:,} points of {done['metrics']:,} metrics stored in "
        f"{done['experiment']} ({done['name']}){already}; {done['url']}"
    )

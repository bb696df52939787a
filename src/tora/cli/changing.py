"""``tora rename``, ``tora tag`` and ``tora rm``: small changes to experiments."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tora.cli.words import AsJson, clean, note, say, say_json
from tora.errors import ToraValidationError

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["TAG", "rename", "rm", "tag"]

TAG: Final = {"ignore_unknown_options": True}
"""How `tag` is read: ``-old`` is a tag to take away, and no option."""

Named = Annotated[str, typer.Argument(help="Its id, a beginning of it, or its name.")]


def rename(
    experiment: Named, name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False
) -> None:
    """Give an experiment another name."""
    from tora.cli import finding, remote

    async def work(server: Remote) -> None:
        found = await finding.experiment(server, experiment)
        changed = await server.call("PATCH", finding.path_of(found["id"]), {"name": name})
        if as_json:
            say_json({"id": changed["id"], "name": changed["name"]})
        else:
            say(f"{changed['id']} is called {changed['name']!r} now.")

    remote.run("rename", work)


def tag(
    experiment: Named,
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="+NEW|-OLD", help="Tags to add, and to take away.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add tags to an experiment and take others away; without any, print those that it has."""
    from tora.cli import finding, remote

    async def work(server: Remote) -> None:
        found = await finding.experiment(server, experiment)
        tags = _changed(found["tags"], changes or [])
        if tags != found["tags"]:
            tags = (await server.call("PATCH", finding.path_of(found["id"]), {"tags": tags}))["tags"]
        if as_json:
            say_json({"id": found["id"], "tags": tags})
        else:
            say(*tags)

    remote.run("tag", work)


def rm(
    experiments: Annotated[list[str], typer.Argument(help="Their ids, beginnings of them, or names.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete experiments with all their points, for good; asks first, unless told not to."""
    from tora.cli import finding, remote

    async def work(server: Remote) -> None:
        # All of them are found before the first is deleted: a slip in the last name costs nothing.
        found = {each["id"]: each for each in [await finding.experiment(server, named) for named in experiments]}
        if not yes and not _agreed([f"{each['id']}  {each['name']}" for each in found.values()]):
            note("Nothing was deleted.")
            raise typer.Exit(1)
        for each in found:
            await server.call("DELETE", finding.path_of(each))
        if as_json:
            say_json({"deleted": list(found)})
        else:
            say(*(f"deleted {each['id']} ({each['name']})" for each in found.values()))

    remote.run("rm", work)


def _changed(tags: list[str], changes: list[str]) -> list[str]:
    wanted = dict.fromkeys(tags)
    for change in changes:
        sign, name = change[:1], change[1:].strip()
        if sign not in {"+", "-"} or not name:
            raise ToraValidationError(f"{change!r} is no change of tags; write +NAME to add one, -NAME to take it away")
        if sign == "+":
            wanted[name] = None
        elif name not in wanted:
            raise ToraValidationError(f"there is no tag {name!r} to take away; there are {', '.join(tags) or 'none'}")
        else:
            del wanted[name]
    return list(wanted)


def _agreed(lines: list[str]) -> bool:
    if not sys.stdin.isatty():
        raise ToraValidationError("there is no terminal to ask whether to delete; give --yes")
    for line in lines:
        note(line)
    what = "this experiment" if len(lines) == 1 else f"these {len(lines)} experiments"
    answer: bool = typer.confirm(clean(f"Delete {what} and all points?"), err=True)
    return answer

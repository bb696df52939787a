"""``tora workspace``: places that a group shares, and who is in them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tora.cli.listing import when
from tora.cli.words import AsJson, note, say, say_json, table
from tora.errors import ToraValidationError

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Make and manage workspaces, and who is in them.")

Named = Annotated[str, typer.Argument(help="The workspace's name or id.")]
Role = Literal["viewer", "editor", "owner"]


@app.command(epilog='Example: tora workspace create vision --description "All of the vision group"')
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a workspace, of which you are the owner."""

    async def work(server: Remote) -> None:
        body = {"name": name} | ({"description": description} if description else {})
        made = await server.call("POST", "/workspaces", body)
        _tell(made, f"{made['id']} ({made['name']})", as_json=as_json)

    _run("create", work)


@app.command("list", epilog="Example: tora workspace list --json")
def list_(as_json: AsJson = False) -> None:
    """List the workspaces that you are in, by name."""

    async def work(server: Remote) -> None:
        items = await server.get("/workspaces")
        if as_json:
            say_json(items)
        elif not items:
            say("No workspaces.")
        else:
            rows = [(each["id"], each["name"], each["role"], each["description"]) for each in items]
            table(["ID", "NAME", "YOU ARE", "DESCRIPTION"], rows, keep=["ID"])

    _run("list", work)


@app.command(epilog="Example: tora workspace rename vision perception")
def rename(
    workspace: Named, name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False
) -> None:
    """Give a workspace another name."""

    async def work(server: Remote) -> None:
        found = await _find(server, workspace)
        changed = await server.call("PATCH", f"/workspaces/{found['id']}", {"name": name})
        _tell(changed, f"{changed['id']} is called {changed['name']!r} now.", as_json=as_json)

    _run("rename", work)


@app.command(epilog="Example: tora workspace members vision")
def members(workspace: Named, as_json: AsJson = False) -> None:
    """List who is in a workspace, and as what."""

    async def work(server: Remote) -> None:
        items = await _members(server, await _find(server, workspace))
        if as_json:
            say_json(items)
        else:
            table(["ID", "NAME", "ROLE"], [(each["id"], each["name"], each["role"]) for each in items], keep=["ID"])

    _run("members", work)


@app.command(epilog="Example: tora workspace role vision ada owner")
def role(
    workspace: Named,
    member: Annotated[str, typer.Argument(help="A member's name or id.")],
    role: Annotated[Literal["viewer", "editor", "owner", "none"], typer.Argument(help="What they become.")],
    as_json: AsJson = False,
) -> None:
    """Give a member another role, or with `none` remove them."""
    from tora.cli import finding

    async def work(server: Remote) -> None:
        place = await _find(server, workspace)
        items = await _members(server, place)
        hint = "`tora workspace invite` makes a link by which people join"
        found = finding.one_of(items, member, "member", hint)
        path = f"/workspaces/{place['id']}/members/{found['id']}"
        if role == "none":
            await server.call("DELETE", path)
            _tell({**found, "role": None}, f"{found['name']} is no member any more", as_json=as_json)
        else:
            changed = await server.call("PUT", path, {"role": role})
            _tell(changed, f"{changed['name']} is {changed['role']} now", as_json=as_json)

    _run("role", work)


@app.command(epilog="Example: tora workspace invite vision --role viewer --days 2")
def invite(
    workspace: Named,
    role: Annotated[Role, typer.Option(help="What those who join become.")] = "editor",
    days: Annotated[int, typer.Option(min=1, help="Days for which the link holds.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Make a link by which whoever has it can join a workspace; standard output has the link alone."""

    async def work(server: Remote) -> None:
        found = await _find(server, workspace)
        made = await server.call("POST", f"/workspaces/{found['id']}/invitations", {"role": role, "days": days})
        if not as_json:
            note(f"Whoever has this link joins {found['name']} as {made['role']}, until {when(made['expiresAt'])}:")
        _tell(made, made["link"], as_json=as_json)

    _run("invite", work)


@app.command(epilog="Example: tora workspace rm vision --yes")
def rm(
    workspace: Named,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a workspace; its experiments stay, each with who made it. Asks first, unless told not to."""

    async def work(server: Remote) -> None:
        found = await _find(server, workspace)
        if not yes and not _agreed(found):
            note("Nothing was deleted.")
            raise typer.Exit(1)
        await server.call("DELETE", f"/workspaces/{found['id']}")
        _tell({"id": found["id"]}, f"deleted {found['id']} ({found['name']})", as_json=as_json)

    _run("rm", work)


def _run(command: str, work: Any) -> None:
    from tora.cli import remote

    remote.run(f"workspace {command}", work)


async def _find(server: Remote, named: str) -> dict[str, Any]:
    from tora.cli import finding

    return await finding.workspace(server, named)


async def _members(server: Remote, workspace: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await server.get(f"/workspaces/{workspace['id']}/members"))["items"]
    return found


def _tell(document: dict[str, Any], line: str, *, as_json: bool) -> None:
    if as_json:
        say_json(document)
    else:
        say(line)


def _agreed(found: dict[str, Any]) -> bool:
    if not sys.stdin.isatty():
        raise ToraValidationError("there is no terminal to ask whether to delete; give --yes")
    note(f"{found['id']}  {found['name']}")
    answer: bool = typer.confirm("Delete this workspace?", err=True)
    return answer

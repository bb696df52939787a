"""``tora admin``: the people of a server, and what they changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from tora import config
from tora.cli.listing import when
from tora.cli.words import AsJson, note, reported, say, say_json, table

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    short_help="Manage the people of a server, for its administrators.",
    help="Manage the people of a server, for its administrators: with an administrator's key of scope full "
    "(`tora login`), or on the server's machine with --dir. If that folder's server does not run, one is run "
    "on a free port of 127.0.0.1 for the length of the command.",
)

Dir = Annotated[  # the option's name
    Path | None,
    typer.Option(
        "--dir", help="The data folder of a server on this machine.", show_default="the server of the settings"
    ),
]
Url = Annotated[str | None, typer.Option(help="The address by which people reach the server, for the link.")]
Name = Annotated[str, typer.Argument(help="The user's name.")]

_Work = Callable[["Remote", bool], Awaitable[None]]


@app.command(epilog="Example: tora admin create-user ada --admin --dir /data/tora")
def create_user(
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="Make them an administrator.")] = False,
    dir: Dir = None,  # noqa: A002  # the option's name
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make an account, and print the link by which its owner sets their password, once."""

    async def work(server: Remote, goes_on: bool) -> None:  # _Work's
        made = await server.call("POST", "/users", {"name": name, "isAdmin": admin})
        _hand_out(made, url, goes_on=goes_on, as_json=as_json)

    _run("create-user", dir, work)


@app.command(epilog="Example: tora admin users --dir /data/tora")
def users(dir: Dir = None, as_json: AsJson = False) -> None:  # noqa: A002  # the option's name
    """List the accounts of the server by name."""

    async def work(server: Remote, _: bool) -> None:  # _Work's
        items = await _users(server)
        if as_json:
            say_json(items)
        else:
            rows = [(each["id"], each["name"], _state(each), when(each["createdAt"])) for each in items]
            table(["ID", "NAME", "STATE", "CREATED"], rows, keep=["ID"])

    _run("users", dir, work)


@app.command(epilog="Example: tora admin reset-password ada --url https://tora.example.org")
def reset_password(
    name: Name,
    dir: Dir = None,  # noqa: A002  # the option's name
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print a new link by which a user sets a password, once; the password they have holds until then."""

    async def work(server: Remote, goes_on: bool) -> None:  # _Work's
        found = await _user(server, name)
        made = await server.call("POST", f"/users/{found['id']}/link")
        _hand_out(made, url, goes_on=goes_on, as_json=as_json)

    _run("reset-password", dir, work)


@app.command(epilog="Example: tora admin disable ada")
def disable(name: Name, dir: Dir = None, as_json: AsJson = False) -> None:  # noqa: A002  # the option's name
    """Bar a user: they are signed out, and their keys open nothing, from this moment."""
    _set_disabled("disable", name, dir, disabled=True, as_json=as_json)


@app.command(epilog="Example: tora admin enable ada")
def enable(name: Name, dir: Dir = None, as_json: AsJson = False) -> None:  # noqa: A002  # the option's name
    """Let a user in again who was barred; their keys open what they did."""
    _set_disabled("enable", name, dir, disabled=False, as_json=as_json)


@app.command(epilog="Example: tora admin audit --limit 20 --json")
def audit(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only those before this number.")] = None,
    dir: Dir = None,  # noqa: A002  # the option's name
    as_json: AsJson = False,
) -> None:
    """Show who changed what, the newest first."""

    async def work(server: Remote, _: bool) -> None:  # _Work's
        found = await server.get("/audit", {"limit": limit, "before": before})
        if as_json:
            say_json(found["items"])
            return
        rows = [
            (
                each["number"],
                when(each["at"]),
                each["actor"]["name"],
                each["address"],
                each["action"],
                each["target"],
                _details(each["details"]),
            )
            for each in found["items"]
        ]
        table(["NUMBER", "AT", "WHO", "FROM", "WHAT", "TARGET", "DETAILS"], rows, right=["NUMBER"])
        if found["next"] is not None:
            note(f"--before {found['next']} shows what was before.")

    _run("audit", dir, work)


def _set_disabled(command: str, name: str, folder: Path | None, *, disabled: bool, as_json: bool) -> None:
    async def work(server: Remote, _: bool) -> None:  # _Work's
        found = await _user(server, name)
        changed = await server.call("PATCH", f"/users/{found['id']}", {"disabled": disabled})
        if as_json:
            say_json(changed)
        else:
            say(f"{changed['name']} is {'disabled' if changed['disabled'] else 'enabled'}")

    _run(command, folder, work)


def _run(command: str, folder: Path | None, work: _Work) -> None:
    """Do the work of a command with the server of the settings, or of a folder."""
    from tora.cli import remote

    async def here(folder: Path) -> None:
        from tora.cli.premises import server_of

        async with server_of(folder) as (server, goes_on):
            await work(server, goes_on)

    if folder is None:
        remote.run(f"admin {command}", lambda server: work(server, True))
    else:
        with reported(f"admin {command}"):
            asyncio.run(here(folder.expanduser().absolute()))


async def _users(server: Remote) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await server.get("/users"))["items"]
    return found


async def _user(server: Remote, name: str) -> dict[str, Any]:
    from tora.cli import finding

    return finding.one_of(await _users(server), name, "user", "`tora admin users` lists them")


def _hand_out(made: dict[str, Any], url: str | None, *, goes_on: bool, as_json: bool) -> None:
    """Print a one-time link, with the address that whoever gets it can open."""
    parts = urlsplit(made["link"])
    path = f"{parts.path}#{parts.fragment}"
    if url is not None:
        made = {**made, "link": config.server_url(url) + path}
    elif not goes_on:  # the server of this command is gone before anybody could open it
        made = {**made, "link": path}
        note("The link lacks the server's address: put it in front, or give it with --url.")
    if as_json:
        say_json(made)
    else:
        note(f"{made['name']} sets their password here, once, until {when(made['linkExpiresAt'])}:")
        say(made["link"])


def _state(user: dict[str, Any]) -> str:
    if user["disabled"]:
        return "disabled"
    waits = "" if user["hasPassword"] or user["id"] == "owner" else ", no password yet"
    return ("administrator" if user["isAdmin"] else "user") + waits


def _details(details: dict[str, Any]) -> str:
    import msgspec

    shown = {name: value for name, value in details.items() if value is not None}
    return msgspec.json.encode(shown).decode() if shown else ""

"""``tora key``: the API keys of whoever runs it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tora import config, rendezvous
from tora.cli.listing import when
from tora.cli.words import AsJson, note, reported, say, say_json, table
from tora.errors import ToraConfigurationError

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke your API keys.")


@app.command(epilog='Example: tora key create "the cluster" --scope write --days 90')
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        Literal["read", "write", "full"], typer.Option(help="What it is good for; write also logs, full also manages.")
    ] = "write",
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Days until it expires; never by itself.")] = None,
    workspace: Annotated[str | None, typer.Option(help="The only workspace that it opens, by name or id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it, this once; standard output has the key alone."""
    from tora.cli import finding, remote

    async def work(server: Remote) -> None:
        place = None if workspace is None else (await finding.workspace(server, workspace))["id"]
        expires = None if days is None else dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        body = {"name": name, "scope": scope, "expires": expires, "workspaceId": place}
        made = await server.call("POST", "/api-keys", {field: value for field, value in body.items() if value})
        if as_json:
            say_json(made)
        else:
            note(f"{made['id']} ({made['name']}), scope {made['scope']}; this key is not shown again:")
            say(made["key"])

    remote.run("key create", work)


@app.command("list", epilog="Example: tora key list --json")
def list_(as_json: AsJson = False) -> None:
    """List your API keys, the newest first; the keys themselves were shown once."""
    from tora.cli import remote

    async def work(server: Remote) -> None:
        items = (await server.get("/api-keys"))["items"]
        if as_json:
            say_json(items)
        elif not items:
            say("No keys.")
        else:
            table(
                ["ID", "NAME", "BEGINS WITH", "SCOPE", "WORKSPACE", "CREATED", "EXPIRES", "LAST USED"],
                [
                    (
                        each["id"],
                        each["name"],
                        each["hint"],
                        each["scope"],
                        each["workspaceId"],
                        when(each["createdAt"]),
                        when(each["expiresAt"]) or "never",
                        when(each["lastUsedAt"]) or "never",
                    )
                    for each in items
                ],
                keep=["ID"],
            )

    remote.run("key list", work)


@app.command(epilog='Example: tora key revoke "the cluster"')
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, a beginning of it, or its name.")], as_json: AsJson = False
) -> None:
    """Revoke a key: it opens nothing any more, from this moment."""
    from tora.cli import finding, remote

    async def work(server: Remote) -> None:
        items = (await server.get("/api-keys"))["items"]
        found = finding.one_of(items, key, "key", "`tora key list` shows yours")
        await server.call("DELETE", f"/api-keys/{found['id']}")
        if as_json:
            say_json({"id": found["id"]})
        else:
            say(f"revoked {found['id']} ({found['name']})")

    remote.run("key revoke", work)


@app.command(epilog='Example: curl -H "x-api-key: $(tora key local)" http://127.0.0.1:8672/experiments')
def local(
    dir: Annotated[  # noqa: A002  # the option's name
        Path | None, typer.Option(help="The server's data folder.", show_default="TORA_DIR, or the user's data folder")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a data folder's own key, which may do everything on its server; whoever can read the folder has it."""
    with reported("key local"):
        folder = (dir or config.data_dir()).expanduser().absolute()
        found = rendezvous.local_key(folder)
        if found is None:
            raise ToraConfigurationError(
                f"there is no key in {folder} that you may read; a server makes it at its first start"
            )
    if as_json:
        say_json({"dir": str(folder), "key": found})
    else:
        say(found)

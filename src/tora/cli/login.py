"""``tora login`` and ``tora logout``: which server this user works with, and the key for it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tora import config
from tora.cli import settings
from tora.cli.words import note, reported, say
from tora.errors import ToraAuthenticationError, ToraConfigurationError

if TYPE_CHECKING:
    from tora.config import Settings

__all__ = ["login", "logout"]


def login(
    server: Annotated[str | None, typer.Option(help="The server's address; asked for where it is not given.")] = None,
    key_stdin: Annotated[bool, typer.Option("--key-stdin", help="Read the key from standard input.")] = False,
) -> None:
    """Keep a server and a key for it in the configuration file, once the server knows the key.

    The file can be read by you alone. Make the key in the server's dashboard, under Settings, Keys.
    """
    with reported("login"):
        url = config.server_url(server if server is not None else _asked("Server", "--server URL"))
        key = sys.stdin.readline().strip() if key_stdin else _asked("API key", "--key-stdin", hidden=True)
        chosen = config.load(server_url=url, api_key=_header(key))
        who = asyncio.run(_known(chosen))
        path = settings.remember(url, key)
    say(f"Signed in to {url} as {who['user']['name']}; kept in {path}.")
    if who["scope"] == "read":
        note("This key may read and not log: its scope is 'read'.")
    _warn()


def logout() -> None:
    """Take the server and its key out of the configuration file; Tora then uses the local server.

    The key itself stays good until it is revoked: `tora key revoke`.
    """
    with reported("logout"):
        path = settings.forget()
    say(f"Nothing to do: {config.config_file()} names no server." if path is None else f"Taken out of {path}.")
    _warn()


def _asked(what: str, option: str, *, hidden: bool = False) -> str:
    if not sys.stdin.isatty():
        raise ToraConfigurationError(f"there is no terminal to ask for the {what}; give {option}")
    answer: str = typer.prompt(what, hide_input=hidden, err=True)
    return answer.strip()


def _header(key: str) -> str:
    if not key or not (key.isascii() and key.isprintable()):  # what was given is not repeated
        raise ToraConfigurationError("the key must be printable ASCII and not empty; copy it again, as it was shown")
    return key


async def _known(chosen: Settings) -> dict[str, Any]:
    from tora.cli.remote import connected

    async with connected(chosen) as server:
        who: dict[str, Any] = await server.get("/session")
    if who.get("user") is None:
        raise ToraAuthenticationError(
            "that key is for one experiment alone, not a person's; make one in the dashboard, under Settings, Keys"
        )
    return who


def _warn() -> None:
    if names := settings.overridden():
        note(f"{' and '.join(names)} in the environment {'comes' if len(names) == 1 else 'come'} before the file.")

"""``tora ui``: open the dashboard of this user's local server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tora import config
from tora.errors import ToraError

if TYPE_CHECKING:
    from tora._async.local import LocalServer

__all__ = ["ui"]


def ui(
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open nothing.")] = False,
) -> None:
    """Open the dashboard, starting the local server if it is not running."""
    import asyncio
    import webbrowser

    from tora._async.local import ensure_local_server

    try:
        settings = config.load()
        url = settings.server_url or _page(asyncio.run(ensure_local_server(settings)))
    except ToraError as exc:
        typer.echo(f"tora ui: {exc}", err=True)
        raise typer.Exit(1) from exc
    typer.echo(url)
    if not no_browser:
        webbrowser.open(url)


def _page(server: LocalServer) -> str:
    """Return the address of the list, with what lets this user's browser in."""
    from tora import rendezvous

    return server.url if server.api_key is None else f"{server.url}/#token={rendezvous.opener(server.api_key)}"

"""``tora ui``: open the dashboard of this user's local server."""

from __future__ import annotations

from typing import Annotated

import typer

from tora import config
from tora.errors import ToraError

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
        url = settings.server_url or asyncio.run(ensure_local_server(settings)).url
    except ToraError as exc:
        typer.echo(f"tora ui: {exc}", err=True)
        raise typer.Exit(1) from exc
    typer.echo(url)
    if not no_browser:
        webbrowser.open(url)

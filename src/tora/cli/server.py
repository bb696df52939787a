"""``tora server``: run a server in this terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tora import config
from tora.errors import ToraConfigurationError

__all__ = ["server"]

OWNED: Final = 3
"""The exit code that says that another server owns the data folder."""

PORT_TAKEN: Final = 4
CANNOT_START: Final = 5


def server(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = (
        config.DEFAULT_PORT
    ),
    dir: Annotated[  # noqa: A002  # the option's name
        Path | None,
        typer.Option(help="Data folder.", show_default="TORA_DIR, or the user's data folder"),
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Let requests without a key read and write experiments.")
    ] = False,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A further name, or name:port, that the server answers to; repeatable.")
    ] = None,
    local: Annotated[bool, typer.Option("--local", hidden=True)] = False,
    idle: Annotated[float, typer.Option(min=0.0, hidden=True)] = 3600.0,
) -> None:
    """Run a server that keeps experiments in a folder and shows them in the browser.

    Exit codes: 0 ended by a signal, 3 another server owns the folder, 4 the port cannot be had, 5 the
    folder or the data in it cannot be used.
    """
    from tora.server.listening import ListenError
    from tora.server.options import Options
    from tora.server.ownership import FolderError, FolderOwnedError
    from tora.server.run import StartError, serve

    try:
        serve(
            Options(
                dir=(dir or config.data_dir()).expanduser().absolute(),
                host=host,
                port=port,
                anonymous=anonymous,
                local=local,
                idle=idle,
                allow_hosts=tuple(allow_host or ()),
            )
        )
    except FolderOwnedError as exc:
        _end(exc, OWNED)
    except ListenError as exc:
        _end(exc, PORT_TAKEN)
    except (FolderError, StartError, ToraConfigurationError) as exc:
        _end(exc, CANNOT_START)


def _end(reason: Exception, code: int) -> None:
    typer.echo(f"tora server: {reason}", err=True)
    raise typer.Exit(code) from reason

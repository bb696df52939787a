"""The command line, one module a family of commands.

Commands import what they need when they run: ``tora --help`` comes at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tora._version import __version__
from tora.cli import server, sync, ui

__all__ = ["app", "main"]

app = typer.Typer(
    name="tora",
    help="Track experiments: log metrics with two lines of code and watch them live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(server.server)
app.command()(sync.sync)
app.command()(ui.ui)


def _say_version(wanted: bool) -> None:  # typer's callbacks take the value as it is
    if wanted:
        typer.echo(f"tora {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Hold the commands together; without it a single one would stand for all."""


def main() -> None:
    """Run the command that the process was started with."""
    app(prog_name="tora")

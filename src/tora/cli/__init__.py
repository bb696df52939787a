"""The command line, one module a family of commands.

Commands import what they need when they run: ``tora --help`` comes at once.
"""

from __future__ import annotations

import typer

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


@app.callback()
def _root() -> None:
    """Hold the commands together; without it a single one would stand for all."""


def main() -> None:
    """Run the command that the process was started with."""
    app(prog_name="tora")

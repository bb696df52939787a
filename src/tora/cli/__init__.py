"""The command line, one module a family of commands.

Commands import what they need when they run: ``tora --help`` comes at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tora._version import __version__
from tora.cli import (
    admin,
    backup,
    changing,
    doctor,
    exporting,
    importing,
    key,
    listing,
    login,
    migrate,
    restore,
    server,
    show,
    status,
    sync,
    tail,
    ui,
    workspace,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="tora",
    help="Track experiments: log metrics with two lines of code and watch them live.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command(epilog="Example: tora login --server https://tora.example.org")(login.login)
app.command(epilog="Example: tora logout")(login.logout)
app.command(epilog="Example: tora status --json")(status.status)
app.command(epilog="Example: tora ui --no-browser")(ui.ui)
app.command(epilog="Example: tora ls --filter 'lr < 0.01 and acc.max > 0.9' --sort -metric:acc:max --metric acc")(
    listing.ls
)
app.command(epilog="Example: tora show 'my experiment' --metric train/loss")(show.show)
app.command(epilog="Example: tora tail 'my experiment' --metric train/loss")(tail.tail)
app.command(epilog="Example: tora export 'my experiment' -o points.parquet")(exporting.export)
app.command("import", epilog="Example: tora import points.csv --name 'my experiment'")(importing.import_)
app.command(epilog="Example: tora sync")(sync.sync)
app.command(epilog="Example: tora rename 4f1c 'baseline, 3 layers'")(changing.rename)
app.command(context_settings=changing.TAG, epilog="Example: tora tag 4f1c +baseline -draft")(changing.tag)
app.command(epilog="Example: tora rm 4f1c 'my experiment' --yes")(changing.rm)
app.add_typer(key.app, name="key")
app.add_typer(workspace.app, name="workspace")
app.add_typer(admin.app, name="admin")
app.command(epilog="Example: tora backup --dir /data/tora tora-monday.tar")(backup.backup)
app.command(epilog="Example: tora restore tora-monday.tar --dir /data/tora")(restore.restore)
app.command(
    epilog="Example: tora migrate --from /data/tora --to-catalog postgresql+asyncpg://tora:PASSWORD@db/tora "
    "--to-metrics clickhouse://tora:PASSWORD@points:8123/tora"
)(migrate.migrate)
app.command(epilog="Example: tora doctor --dir /data/tora")(doctor.doctor)
app.command(epilog="Example: tora server --dir /data/tora --host 0.0.0.0")(server.server)


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

"""``tora doctor``: what is wrong here, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tora import config
from tora.cli.words import AsJson, say, say_json
from tora.errors import ToraConfigurationError

if TYPE_CHECKING:
    from tora.cli.checkup.result import Check

__all__ = ["doctor"]

_SIGNS: Final = {"fine": "ok", "odd": "note", "wrong": "WRONG"}


def doctor(
    dir: Annotated[  # noqa: A002  # the option's name
        Path | None, typer.Option(help="Data folder.", show_default="TORA_DIR, or the user's data folder")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at the settings, the data folder, its databases and the server, and say what to do; nothing is changed.

    Exit code 1 says that something is wrong. The databases are read whole, unless a server has them open.
    """
    import asyncio

    checks = asyncio.run(_checks(None if dir is None else dir.expanduser().absolute()))
    ok = all(check.state != "wrong" for check in checks)
    if as_json:
        import attrs

        say_json({"ok": ok, "checks": [attrs.asdict(check) for check in checks]})
    else:
        for check in checks:
            say(f"{_SIGNS[check.state]:<5}  {check.name}: {check.found}")
            if check.advice:
                say(f"       -> {check.advice}")
    if not ok:
        raise typer.Exit(1)


async def _checks(folder: Path | None) -> list[Check]:
    from attrs import evolve

    from tora.cli.checkup.configuration import configuration_checks
    from tora.cli.checkup.folder import folder_checks
    from tora.cli.checkup.service import service_checks
    from tora.cli.checkup.stores import store_checks

    checks = [*configuration_checks()]
    try:
        settings = config.load()
    except ToraConfigurationError:
        settings = None
    where = folder or (settings.dir if settings is not None else None)
    if where is not None:
        checks += [*folder_checks(where), *store_checks(where)]
    if settings is not None:
        # A folder that was named is that of a server, which is what is to be looked at.
        wanted = settings if folder is None else evolve(settings, dir=folder, server_url=None)
        checks += [check async for check in service_checks(wanted)]
    return checks

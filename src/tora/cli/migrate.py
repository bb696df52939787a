"""``tora migrate``: all that a server keeps, moved to other stores."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tora.cli.words import AsJson, note, reported, say, say_json
from tora.errors import ToraConfigurationError, ToraError

if TYPE_CHECKING:
    from tora.server.moving.move import Plan
    from tora.server.options import Options

__all__ = ["migrate"]

OWNED: Final = 3
"""The exit code that says that a server has one of the folders; the same as that of `tora server`."""

TAKEN: Final = 4
DIFFERENT: Final = 5

_AGAIN: Final = "what was moved is there, and the same command goes on from here"


def migrate(
    source: Annotated[
        Path | None, typer.Option("--from", help="The data folder to move, or the settings of its server, a TOML file.")
    ] = None,
    from_catalog: Annotated[
        str | None, typer.Option(help="Where its catalog is.", show_default="in the folder of --from")
    ] = None,
    from_metrics: Annotated[
        str | None, typer.Option(help="Where its metrics are.", show_default="in the folder of --from")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--to", help="The data folder to make, or the settings of a server, a TOML file.")
    ] = None,
    to_catalog: Annotated[
        str | None, typer.Option(help="The empty database for the catalog.", show_default="in the folder of --to")
    ] = None,
    to_metrics: Annotated[
        str | None, typer.Option(help="The empty database for the metrics.", show_default="in the folder of --to")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move all that a server keeps to other stores: from a data folder to PostgreSQL and ClickHouse, or back.

    The addresses are those of `tora server --catalog` and `--metrics`. No server may run on either side. Nothing of the
    source is changed; the target must be empty, and is no server's before everything in it was compared with what was
    read. Whatever interrupts it, the same command goes on, and where all of it is there already changes nothing.

    Exit codes: 0 everything is there, 1 it failed, 3 a server owns a folder, 4 the target holds something else, 5 what
    came back from the target differs.
    """
    import asyncio

    with reported("migrate"), _coded():
        begun = time.monotonic()
        ends = _options("from", source, from_catalog, from_metrics), _options("to", target, to_catalog, to_metrics)
        if ends[0] == ends[1] or _shares(*ends):
            raise ToraConfigurationError("--from and --to name the same stores; move to others")
        told = asyncio.run(_migrate(*ends))
        told["seconds"] = round(time.monotonic() - begun, 3)
        if as_json:
            say_json(told)
        elif not told["finished_before"]:
            say(
                f"{told['to']} holds the {told['experiments']:,} experiments and {told['points']:,} metrics of "
                f"{told['from']}: counts and checksums are equal.",
            )


async def _migrate(source: Options, target: Options) -> dict[str, Any]:
    from tora.cli.progress import Progress
    from tora.server.moving.move import Move
    from tora.server.moving.side import opened

    async with opened(source, target=False) as here, opened(target, target=True) as there:
        move = Move(here, there)
        plan = await move.begin()
        if plan.finished:
            note(f"all of it was moved to {there.shown} before, and nothing was changed now")
            return _told(here.shown, there.shown, plan, {})
        if plan.done:
            note(f"{plan.done:,} of {plan.points:,} metrics are there already")
        with Progress("moving", plan.points) as progress:
            progress.advance(plan.done)
            await move.copy(progress.advance)
        with Progress("comparing", plan.points) as progress:
            progress.advance(plan.checked)
            await move.check(progress.advance)
        rows = await move.finish()
    return _told(here.shown, there.shown, plan, rows)


def _told(source: str, target: str, plan: Plan, rows: Mapping[str, int]) -> dict[str, Any]:
    return {
        "from": source,
        "to": target,
        "experiments": plan.experiments,
        "points": plan.points,
        "resumed": plan.done,
        "finished_before": plan.finished,
        "rows": dict(rows),
    }


def _options(which: str, place: Path | None, catalog: str | None, metrics: str | None) -> Options:
    """Return the options of a server that would have one end's stores."""
    from tora.server.options import Options

    settings = _settings(place)
    catalog, metrics = catalog or settings.get("catalog"), metrics or settings.get("metrics")
    folder = settings.get("dir")
    if folder is None and (catalog is None or metrics is None):
        raise ToraConfigurationError(
            f"--{which} takes a data folder, or a file of settings that names one; without it there must be "
            f"--{which}-catalog and --{which}-metrics"
        )
    return Options(dir=Path(folder or ".").expanduser().absolute(), catalog=catalog, metrics=metrics)


def _settings(place: Path | None) -> Mapping[str, Any]:
    from tora.cli.serverfile import read_server_file

    if place is None:
        return {}
    return read_server_file(place) if place.is_file() else {"dir": str(place)}


def _shares(one: Options, other: Options) -> bool:
    """Return whether two servers would have a store in common."""
    in_folder = [(each.catalog is None, each.metrics is None) for each in (one, other)]
    same_folder = one.dir.resolve() == other.dir.resolve()
    return any(
        (both == (True, True) and same_folder) or (url is not None and url == other_url)
        for both, url, other_url in zip(
            zip(*in_folder, strict=True), (one.catalog, one.metrics), (other.catalog, other.metrics), strict=True
        )
    )


@contextmanager
def _coded() -> Iterator[None]:
    """Say what went wrong, with the exit code for it."""
    from tora.server.catalog import CatalogError
    from tora.server.metrics.base import StoreError
    from tora.server.moving.errors import DifferenceError, MoveError, TargetTakenError
    from tora.server.ownership import FolderError, FolderOwnedError

    try:
        yield
    except FolderOwnedError as exc:
        raise _ended(exc, OWNED) from exc
    except TargetTakenError as exc:
        raise _ended(exc, TAKEN) from exc
    except DifferenceError as exc:
        raise _ended(exc, DIFFERENT) from exc
    except (CatalogError, StoreError) as exc:
        raise ToraError(f"{exc}; {_AGAIN}") from exc
    except (FolderError, MoveError) as exc:
        raise ToraConfigurationError(str(exc)) from exc


def _ended(reason: Exception, code: int) -> typer.Exit:
    note(f"tora migrate: {reason}")
    return typer.Exit(code)

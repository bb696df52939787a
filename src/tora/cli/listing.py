"""``tora ls``: a table of experiments."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tora.cli.words import AsJson, note, number, say, say_json, table

if TYPE_CHECKING:
    from tora.cli.remote import Query, Remote

__all__ = ["ls"]


def ls(
    workspace: Annotated[str | None, typer.Option(help="Those of a workspace, by its name or id.")] = None,
    filter: Annotated[  # noqa: A002  # the option's name
        str | None, typer.Option(help="Those for which an expression holds.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="created, updated, name, status, duration, param:KEY or metric:NAME:last.")
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A metric to show the last value of; repeatable.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 30,
    archived: Annotated[bool, typer.Option("--archived", help="Those in the archive.")] = False,
    as_json: AsJson = False,
) -> None:
    """List experiments, the newest first."""
    from tora.cli import finding, remote

    names = metric or []

    async def work(server: Remote) -> None:
        place = None if workspace is None else (await finding.workspace(server, workspace))["id"]
        query: Query = {
            "workspace": place,
            "filter": filter,
            "sort": sort,
            "archived": "yes" if archived else None,
            # Without one, JSON has every metric's summary, and the table needs none.
            "metric": names or ([] if as_json else [finding.NO_METRIC]),
        }
        found = await finding.all_experiments(server, query, limit)
        if as_json:
            say_json(found.items)
        elif not found.items:
            say("No experiments.")
        else:
            _draw(found.items, names)
        if found.total > len(found.items):
            note(f"{len(found.items):,} of {found.total:,}; --limit shows more.")

    remote.run("ls", work)


def _draw(items: list[dict[str, Any]], names: list[str]) -> None:
    rows = [
        (
            item["id"],
            item["name"],
            item["status"],
            when(item["createdAt"]),
            lasting(item["duration"]),
            ", ".join(item["tags"]),
            *(_last(item, name) for name in names),
        )
        for item in items
    ]
    table(
        ["ID", "NAME", "STATUS", "CREATED", "DURATION", "TAGS", *names], rows, right=["DURATION", *names], keep=["ID"]
    )


def _last(item: dict[str, Any], name: str) -> str:
    return next((number(each["last"]) for each in item["metrics"] if each["name"] == name), "")


def when(instant: str | None) -> str:
    """Return a time of the wire in the reader's own time zone."""
    if instant is None:
        return ""
    try:
        return dt.datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return instant


def lasting(seconds: float | None) -> str:
    """Return a length of time, to the second, as 1:02:03."""
    return "" if seconds is None else str(dt.timedelta(seconds=round(seconds)))

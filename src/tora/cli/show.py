"""``tora show``: one experiment, its metrics, and charts of some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tora.cli.listing import lasting, when
from tora.cli.words import AsJson, clean, note, number, say, say_json, table
from tora.errors import ToraExperimentError

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["show"]

CHARTS: Final = 2
"""Charts that are drawn where no metric is named."""

POINTS: Final = 400


def show(
    experiment: Annotated[str, typer.Argument(help="Its id, a beginning of it, or its name.")],
    metric: Annotated[list[str] | None, typer.Option(help="A metric to draw; repeatable.")] = None,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Draw no charts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show an experiment: what it is, the summary of each metric, and charts of those named (or of the first two)."""
    from tora.cli import finding, remote

    async def work(server: Remote) -> None:
        found = await finding.experiment(server, experiment)
        metrics = await server.get(f"{finding.path_of(found['id'])}/metrics")
        chosen = _chosen(metric, [each["name"] for each in metrics], plain=as_json)
        drawn = [] if no_plot or not chosen else await _series(server, found["id"], chosen)
        if as_json:
            say_json({**found, "metrics": metrics, "series": drawn})
        else:
            _say(found, metrics, drawn)
            if metric is None and not no_plot and len(metrics) > len(drawn):
                note(f"{len(drawn)} of {len(metrics):,} metrics are drawn; --metric NAME draws others.")

    remote.run("show", work)


def _chosen(wanted: list[str] | None, there: list[str], *, plain: bool) -> list[str]:
    if wanted is None:
        return [] if plain else there[:CHARTS]
    for name in wanted:
        if name not in there:
            known = ", ".join(there[:10]) + (f" and {len(there) - 10:,} more" if len(there) > 10 else "")
            raise ToraExperimentError(f"there is no metric {name!r}; there are {known or 'none yet'}")
    return list(dict.fromkeys(wanted))


async def _series(server: Remote, experiment: str, names: list[str]) -> list[dict[str, Any]]:
    answer = await server.get("/series", {"experiment": experiment, "name": names, "points": POINTS})
    found: list[dict[str, Any]] = answer["series"]
    return sorted(found, key=lambda each: names.index(each["name"]))


def _say(found: dict[str, Any], metrics: list[dict[str, Any]], drawn: list[dict[str, Any]]) -> None:
    from tora.cli import plot

    say(found["name"])
    for label, value in _facts(found):
        if value:
            say(f"  {label:<12} {clean(value)}")
    if found["hyperparams"]:
        say("", "Hyperparameters")
        for pair in found["hyperparams"]:
            say(f"  {pair['key']} = {_value(pair['value'])}")
    if metrics:
        say("")
        table(
            ["METRIC", "POINTS", "LAST", "MIN", "MAX", "LAST STEP"],
            [
                (
                    each["name"],
                    number(each["count"]),
                    number(each["last"]),
                    number(each["min"]),
                    number(each["max"]),
                    number(each["lastStep"]),
                )
                for each in metrics
            ],
            right=["POINTS", "LAST", "MIN", "MAX", "LAST STEP"],
        )
    for series in drawn:
        say("", *plot.chart(series))


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("id", found["id"]),
        ("status", found["status"] + (", archived" if found["archived"] else "")),
        ("created", when(found["createdAt"])),
        ("duration", lasting(found["duration"])),
        ("workspace", found["workspaceId"] or ""),
        ("tags", ", ".join(found["tags"])),
        ("description", found["description"] or ""),
        ("notes", found["notes"] or ""),
        ("page", found["url"]),
    ]


def _value(value: Any) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

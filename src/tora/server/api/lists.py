"""Lists of experiments, and what their columns can be."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web

from tora import wire
from tora.server.answers import json_answer
from tora.server.catalog import ExperimentFilter, OutlineNeeds, Outlines, Page, Sight
from tora.server.catalog.page import MAX_IDS, MAX_LIMIT, MAX_SEARCH
from tora.server.context import ACCESS, CALLER, CATALOG, METRICS, PRESENCE
from tora.server.listing import Plan, choose, plan_of
from tora.server.listing.cursor import read_cursor
from tora.server.listing.order import SORT_PATTERN
from tora.server.listing.parsing import MAX_LENGTH
from tora.server.queries import read_query
from tora.server.rights import Right
from tora.server.shown import shown

__all__ = ["ColumnsQuery", "ListQuery", "columns", "list_"]

MAX_COLUMNS: Final = 10_000
"""Names of a kind in one answer, the most frequent ones."""


def _described(description: str, **bounds: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, extra_json_schema=bounds)


_FILTER: Final = msgspec.Meta(
    description="Comparisons with and, or, not and brackets; see docs/protocol.md.",
    extra_json_schema={"maxLength": MAX_LENGTH},
    examples=["lr < 0.01 and acc.max > 0.9"],
)
_SORT: Final = msgspec.Meta(
    description="By what, with - before it for the largest first.",
    extra_json_schema={"pattern": SORT_PATTERN},
    examples=["-created", "metric:loss:min"],
)


class ListQuery(msgspec.Struct):
    """The query of ``GET /experiments``."""

    workspace: str | None = None
    mine: bool = False
    q: (
        Annotated[str, _described("The name, the id, the description or a tag contains it.", maxLength=MAX_SEARCH)]
        | None
    ) = None
    tag: str | None = None
    status: Literal["running", "finished", "failed", "stopped", "lost"] | None = None
    filter: Annotated[str, _FILTER] | None = None
    archived: Literal["no", "yes", "all"] = "no"
    id: Annotated[list[str], _described("These alone.", maxItems=MAX_IDS)] = []
    metric: Annotated[list[str], _described("With the summaries of these metrics alone.")] = []
    sort: Annotated[str, _SORT] = "-created"
    limit: Annotated[int, _described("Experiments on a page.", minimum=1, maximum=MAX_LIMIT)] = 100
    cursor: Annotated[str, _described("The `next` of an earlier page, unchanged.")] | None = None


class ColumnsQuery(msgspec.Struct):
    """The query of ``GET /columns``."""

    workspace: str | None = None
    mine: bool = False
    archived: Literal["no", "yes", "all"] = "no"


async def list_(request: web.Request) -> web.Response:
    """Return a page of experiments, each with the summary of its metrics."""
    query = read_query(request, ListQuery)
    page = await _page(request, query)
    ids = [one.id for one in page.items]
    summaries = await request.app[METRICS].summaries(ids, query.metric or None)
    items = [
        wire.experiment_to_wire(one) | {"metrics": [wire.summary_to_wire(each) for each in summaries.get(one.id, [])]}
        for one in await shown(request, page.items)
    ]
    return json_answer({"items": items, "next": page.next, "total": page.total})


async def columns(request: web.Request) -> web.Response:
    """Return the hyperparameters, metrics and tags that listed experiments have, and how many have each."""
    query = read_query(request, ColumnsQuery)
    sight = await _sight(request, query)
    wanted = ExperimentFilter(query.workspace, archived=query.archived, sight=sight)
    outlines = await request.app[CATALOG].outlines(wanted, OutlineNeeds(params=True, tags=True))
    metrics = await request.app[METRICS].names(outlines.ids)
    counted = await asyncio.to_thread(_counted, outlines)
    return json_answer({name: _listed(counts.items()) for name, counts in {**counted, "metrics": metrics}.items()})


async def _page(request: web.Request, query: ListQuery) -> Page:
    plan = plan_of(query.filter, query.status, query.sort)
    # Lost is not stored but follows from silence.
    stored = "running" if query.status == "lost" else query.status
    wanted = ExperimentFilter(
        query.workspace,
        query.q,
        query.tag,
        stored,
        query.sort,
        query.limit,
        query.cursor,
        query.archived,
        query.id or None,
        await _sight(request, query),
    )
    if plan.in_catalog:
        return await request.app[CATALOG].experiments(wanted)
    return await _chosen(request, wanted, plan)


async def _sight(request: web.Request, query: ListQuery | ColumnsQuery) -> Sight | None:
    """Return what the caller wants of what they may see; refuse the list of a workspace that is not theirs."""
    caller = request[CALLER]
    if query.workspace is not None:
        await request.app[ACCESS].check(caller, Right.VISIT, id=query.workspace)
    return caller.own_sight() if query.mine else caller.sight()


async def _chosen(request: web.Request, wanted: ExperimentFilter, plan: Plan) -> Page:
    """Return a page for which all experiments of the list have to be looked at."""
    catalog = request.app[CATALOG]
    cursor = None if wanted.cursor is None else read_cursor(wanted.cursor, plan.order)
    now = time.time_ns() // 1_000 if cursor is None else cursor.now
    outlines = await catalog.outlines(wanted, plan.needs)
    metrics = await request.app[METRICS].summaries(outlines.ids, plan.metrics) if plan.metrics else {}
    is_lost = request.app[PRESENCE].is_lost
    choice = await asyncio.to_thread(choose, plan, outlines, metrics, is_lost, now, wanted.limit, cursor)
    return Page(await catalog.some_experiments(choice.ids), choice.next, choice.total)


def _counted(outlines: Outlines) -> Mapping[str, Mapping[str, int]]:
    params, tags = Counter[str](), Counter[str]()
    for outline in outlines.read():
        params.update(outline.params.keys())
        tags.update(outline.tags)
    return {"params": params, "tags": tags}


def _listed(counts: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    ordered = sorted(counts, key=lambda each: (-each[1], each[0]))
    return [{"name": name, "count": count} for name, count in ordered[:MAX_COLUMNS]]

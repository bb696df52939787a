"""Experiments in the catalog: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.models import Experiment
from tora.server.catalog import workspaces
from tora.server.catalog.changes import held
from tora.server.catalog.errors import NotFoundError
from tora.server.catalog.outline import OutlineNeeds, Outlines
from tora.server.catalog.outline import statements as outline_statements
from tora.server.catalog.page import ExperimentFilter, Page, count, next_cursor, statement
from tora.server.catalog.records import Place
from tora.server.catalog.tables import experiment_tags, experiments
from tora.types import Status

__all__ = [
    "CHANGEABLE",
    "change",
    "create",
    "delete",
    "get",
    "hold",
    "outlines",
    "owners",
    "page",
    "place",
    "set_status",
    "some",
]

CHANGEABLE: Final = frozenset(
    {"archived", "description", "ended_at", "hyperparams", "name", "notes", "status", "tags", "workspace_id"}
)

_ENDED: Final = frozenset({"failed", "finished", "stopped"})


async def create(
    connection: AsyncConnection, new: Experiment, owner: str | None, creator: str | None
) -> tuple[Experiment, bool]:
    """Insert an experiment unless its id is there; return what is stored and whether it is new."""
    found = await _find(connection, [new.id])
    if found:
        return found[0], False
    if new.workspace_id is not None:
        await workspaces.get(connection, new.workspace_id)
    now = _now()
    experiment = _with_end(evolve(new, created_at=new.created_at or now, updated_at=new.updated_at or now))
    await connection.execute(
        experiments.insert(), _columns(experiment) | {"owner_writer": owner, "creator_id": creator}
    )
    await _insert_tags(connection, experiment)
    return experiment, True


async def get(connection: AsyncConnection, experiment_id: str, *, to_change: bool = False) -> Experiment:
    """Return an experiment; to change it, as nobody else does until the transaction ends."""
    found = await _find(connection, [experiment_id], to_change=to_change)
    if not found:
        raise NotFoundError("experiment", experiment_id)
    return found[0]


async def hold(connection: AsyncConnection, experiment_id: str) -> None:
    """Let nobody else change an experiment, or what belongs to it, until the transaction ends.

    Raises:
        NotFoundError: There is none of that id.
    """
    if await connection.scalar(held(sa.select(experiments.c.id).where(experiments.c.id == experiment_id))) is None:
        raise NotFoundError("experiment", experiment_id)


async def place(connection: AsyncConnection, experiment_id: str) -> Place:
    """Return where an experiment is.

    Raises:
        NotFoundError: There is none of that id.
    """
    c = experiments.c
    row = (await connection.execute(sa.select(c.workspace_id, c.creator_id).where(c.id == experiment_id))).first()
    if row is None:
        raise NotFoundError("experiment", experiment_id)
    return Place(row.workspace_id, row.creator_id)


async def change(connection: AsyncConnection, experiment_id: str, changes: Mapping[str, Any]) -> Experiment:
    """Change some fields; what is not named stays as it is."""
    if not changes:
        return await get(connection, experiment_id)
    before = await get(connection, experiment_id, to_change=True)
    if changes.get("workspace_id") is not None:
        await workspaces.get(connection, changes["workspace_id"])
    after = _with_end(evolve(before, **changes, updated_at=_now()))
    await connection.execute(experiments.update().where(experiments.c.id == experiment_id).values(_columns(after)))
    if after.tags != before.tags:
        await connection.execute(experiment_tags.delete().where(experiment_tags.c.experiment_id == experiment_id))
        await _insert_tags(connection, after)
    return after


async def set_status(connection: AsyncConnection, experiment_id: str, status: Status, writer: str | None) -> Experiment:
    """Change the status if the writer may, and make it the owner if it runs."""
    owner = await connection.scalar(
        held(sa.select(experiments.c.owner_writer).where(experiments.c.id == experiment_id))
    )
    if status == "running" and writer is not None:
        owned = experiments.update().where(experiments.c.id == experiment_id)
        await connection.execute(owned.values(owner_writer=writer))
    elif writer is not None and owner is not None and writer != owner:
        return await get(connection, experiment_id)
    return await change(connection, experiment_id, {"status": status})


async def delete(connection: AsyncConnection, experiment_id: str) -> None:
    """Delete an experiment; its tags go with it."""
    result = await connection.execute(experiments.delete().where(experiments.c.id == experiment_id))
    if not result.rowcount:
        raise NotFoundError("experiment", experiment_id)


async def owners(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, str]:
    """Return the owner of each experiment that has one."""
    rows = await connection.execute(
        sa.select(experiments.c.id, experiments.c.owner_writer).where(
            experiments.c.id.in_(ids), experiments.c.owner_writer.is_not(None)
        )
    )
    return {row.id: row.owner_writer for row in rows}


async def page(connection: AsyncConnection, wanted: ExperimentFilter) -> Page:
    """Return one page of a list."""
    query = statement(wanted)
    if wanted.workspace is not None:
        await workspaces.get(connection, wanted.workspace)
    rows = (await connection.execute(query)).mappings().all()
    shown = rows[: wanted.limit]
    follows = next_cursor(wanted, shown[-1]) if len(rows) > len(shown) else None
    total = await connection.scalar(count(wanted))
    return Page(await _records(connection, shown), follows, total or 0)


async def some(connection: AsyncConnection, ids: Sequence[str]) -> list[Experiment]:
    """Return those of these experiments that are there, in the order asked for."""
    found = {one.id: one for one in await _find(connection, ids)}
    return [found[one] for one in ids if one in found]


async def outlines(connection: AsyncConnection, wanted: ExperimentFilter, needs: OutlineNeeds) -> Outlines:
    """Return the outlines of all that the filter finds."""
    queries = outline_statements(wanted, needs)
    if wanted.workspace is not None:
        await workspaces.get(connection, wanted.workspace)
    found = [(await connection.execute(query)).all() for query in queries]
    return Outlines(found[0], found[1] if needs.tags else ())


async def _find(connection: AsyncConnection, ids: Sequence[str], *, to_change: bool = False) -> list[Experiment]:
    query = sa.select(experiments).where(experiments.c.id.in_(ids))
    rows = await connection.execute(held(query) if to_change else query)
    return await _records(connection, rows.mappings().all())


async def _records(connection: AsyncConnection, rows: Sequence[sa.RowMapping]) -> list[Experiment]:
    tags = await _tags(connection, [row["id"] for row in rows])
    return [_record(row, tags[row["id"]]) for row in rows]


async def _tags(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    if not ids:
        return found
    query = sa.select(experiment_tags.c.experiment_id, experiment_tags.c.tag)
    query = query.where(experiment_tags.c.experiment_id.in_(ids)).order_by(experiment_tags.c.place)
    for row in await connection.execute(query):
        found[row.experiment_id].append(row.tag)
    return found


async def _insert_tags(connection: AsyncConnection, experiment: Experiment) -> None:
    if experiment.tags:
        rows = [
            {"experiment_id": experiment.id, "place": place, "tag": tag} for place, tag in enumerate(experiment.tags)
        ]
        await connection.execute(experiment_tags.insert(), rows)


def _record(row: sa.RowMapping, tags: Iterable[str]) -> Experiment:
    return Experiment(
        id=row["id"],
        name=row["name"],
        workspace_id=row["workspace_id"],
        description=row["description"],
        hyperparams=row["hyperparams"],
        tags=tuple(tags),
        notes=row["notes"],
        status=row["status"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        ended_at=row["ended_at"],
        archived=row["archived"],
    )


def _with_end(experiment: Experiment) -> Experiment:
    """Return an experiment that has ended with the moment it first did, and one that runs without."""
    ended = experiment.status in _ENDED
    return evolve(experiment, ended_at=(experiment.ended_at or experiment.updated_at) if ended else None)


def _columns(experiment: Experiment) -> dict[str, Any]:
    searched = (experiment.name, experiment.id, *experiment.tags, experiment.description or "")
    return {
        "id": experiment.id,
        "name": experiment.name,
        "name_folded": experiment.name.casefold(),
        "description": experiment.description,
        "notes": experiment.notes,
        "status": experiment.status,
        "workspace_id": experiment.workspace_id,
        "created_at": experiment.created_at,
        "updated_at": experiment.updated_at,
        "ended_at": experiment.ended_at,
        "archived": experiment.archived,
        "hyperparams": dict(experiment.hyperparams),
        "search": "\n".join(searched).casefold(),
    }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)

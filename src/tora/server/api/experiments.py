"""Experiments: create, show, change, delete."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from tora import validation, wire
from tora.errors import ToraValidationError
from tora.models import Experiment
from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.auth import bound
from tora.server.bodies import LARGE_BODY, read_json
from tora.server.catalog import contexts
from tora.server.catalog.records import Place
from tora.server.context import ACCESS, CALLER, CATALOG, HUB, KNOWN, METRICS, PRESENCE
from tora.server.instants import since_1970
from tora.server.refusals import Refusal
from tora.server.rights import Right, reaches
from tora.server.shapes import Deleted
from tora.server.shown import shown_with_token, writer_of
from tora.types import Status

__all__ = ["change", "create", "delete", "show"]


async def create(request: web.Request) -> web.Response:
    """Create an experiment; the same id again is the same experiment, as it is."""
    body = await read_json(request, wire.NewExperiment, LARGE_BODY)
    writer = writer_of(request)
    caller, access = request[CALLER], request.app[ACCESS]
    new = _new(body, caller.workspace)
    if new.workspace_id is not None:
        await _check_workspace(request, new.workspace_id)
    creator = None if caller.user is None else caller.user.id
    context = None if body.context is None else validation.context(body.context)
    experiment, is_new = await request.app[CATALOG].create_experiment(new, owner=writer, creator=creator)
    if is_new:
        request.app[KNOWN].add(experiment.id, Place(experiment.workspace_id, creator))
    else:
        await access.check(caller, Right.WRITE, id=experiment.id)  # the id may be somebody else's
    request.app[PRESENCE].sign(experiment.id, writer)
    if is_new:
        request.app[HUB].changed(experiment.id)
        context = await _with_context(request, experiment.id, context) if context else {}
    return json_answer(await shown_with_token(request, experiment, context if is_new else None), 201 if is_new else 200)


async def show(request: web.Request) -> web.Response:
    """Return one experiment."""
    experiment_id = request.match_info["id"]
    return json_answer(await shown_with_token(request, await request.app[CATALOG].experiment(experiment_id)))


async def change(request: web.Request) -> web.Response:
    """Change what the body names; a status counts only from the experiment's owner."""
    experiment_id = request.match_info["id"]
    body = await read_json(request, wire.ExperimentChange, LARGE_BODY)
    writer = writer_of(request)
    changes = _changes(body)
    context = None if body.context is msgspec.UNSET else validation.context(body.context)
    ended = _ended(body)
    if "workspace_id" in changes:
        await _check_move(request, experiment_id, changes["workspace_id"])
    if context is not None:
        context = await _with_context(request, experiment_id, context)
    if body.status is msgspec.UNSET:
        experiment = await request.app[CATALOG].change_experiment(experiment_id, **changes)
    else:
        if changes:
            await request.app[CATALOG].change_experiment(experiment_id, **changes)
        experiment = await _set_status(request, experiment_id, body.status, writer)
    if ended is not None:
        experiment = await request.app[CATALOG].change_experiment(experiment_id, ended_at=ended)
    if "workspace_id" in changes:
        request.app[ACCESS].forget()
    request.app[HUB].changed(experiment_id)
    if changes:
        await note(request, "experiment.change", experiment_id, fields=sorted(changes))
    return json_answer(await shown_with_token(request, experiment, context))


async def _with_context(request: web.Request, experiment: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Put keys into an experiment's context and return the whole of it."""
    return await request.app[CATALOG].run(contexts.merge, experiment, given)


async def _set_status(request: web.Request, experiment: str, status: Status, writer: str | None) -> Experiment:
    """Note a status in both stores side by side: a client that ends waits for their disks."""
    changing = request.app[CATALOG].set_status(experiment, status, writer)
    if writer is None:
        return await changing
    changed, _ = await asyncio.gather(changing, request.app[METRICS].sign(experiment, writer, time.time(), status))
    return changed


async def delete(request: web.Request) -> web.Response:
    """Delete an experiment and its points."""
    experiment_id = request.match_info["id"]
    place = await request.app[KNOWN].place(experiment_id)
    await request.app[CATALOG].delete_experiment(experiment_id)
    # In this order: from here on its batches are refused, those that wait as well, and a group that
    # is being committed is ahead of this deletion in the store.
    request.app[KNOWN].remove(experiment_id, place)
    await request.app[METRICS].delete(experiment_id)
    request.app[HUB].gone(experiment_id)
    await note(request, "experiment.delete", experiment_id)
    return json_answer(Deleted(experiment_id))


async def _check_move(request: web.Request, experiment: str, workspace: str | None) -> None:
    """Refuse to move an experiment where the caller cannot put one, or out of a workspace if it is somebody else's."""
    if workspace is not None:
        await _check_workspace(request, workspace)
        return
    caller = request[CALLER]
    if caller.workspace is not None:
        raise bound(caller)
    creator = (await request.app[KNOWN].place(experiment)).creator_id
    if not caller.is_admin and (caller.user is None or caller.user.id != creator):
        raise Refusal(403, "forbidden", "only who made an experiment may take it out of its workspace")


async def _check_workspace(request: web.Request, workspace: str) -> None:
    """Refuse a workspace that the caller cannot put experiments into."""
    caller = request[CALLER]
    await request.app[ACCESS].check(caller, Right.VISIT, id=workspace)
    if not reaches(caller.role_in(workspace), "editor"):
        raise Refusal(
            403, "forbidden", f"you may only read the workspace {workspace!r}; ask an owner to make you an editor"
        )


def _new(body: wire.NewExperiment, workspace: str | None) -> Experiment:
    return Experiment(
        id=secrets.token_hex(8) if body.id is None else validation.experiment_id(body.id),
        name=validation.experiment_name(body.name),
        workspace_id=validation.workspace_id(body.workspace_id) or workspace,
        description=validation.description(body.description),
        hyperparams=_hyperparams(body.hyperparams),
        tags=validation.tags(body.tags),
        created_at=None if body.created_at is None else since_1970("createdAt", body.created_at),
    )


def _changes(body: wire.ExperimentChange) -> dict[str, Any]:
    checks = {
        "name": validation.experiment_name,
        "description": validation.description,
        "notes": validation.notes,
        "tags": validation.tags,
        "hyperparams": _hyperparams,
        "workspace_id": validation.workspace_id,
    }
    given = msgspec.structs.asdict(body)
    found = {name: check(given[name]) for name, check in checks.items() if given[name] is not msgspec.UNSET}
    return found if body.archived is msgspec.UNSET else found | {"archived": body.archived}


def _ended(body: wire.ExperimentChange) -> dt.datetime | None:
    if body.ended_at is msgspec.UNSET:
        return None
    if body.status is msgspec.UNSET or body.status == "running":
        raise ToraValidationError("endedAt goes with the status that the experiment ended with, such as finished")
    return since_1970("endedAt", body.ended_at)


def _hyperparams(pairs: Sequence[wire.Hyperparam] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs or ():
        if pair.key in found:
            raise ToraValidationError(f"hyperparams name the key {validation.shown(pair.key)} twice")
        found[pair.key] = pair.value
    return validation.hyperparams(found)

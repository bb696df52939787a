"""Experiments as one caller sees them: with an address that opens, the status of now, and a token."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web
from attrs import evolve

from tora import validation, wire
from tora.models import Experiment
from tora.server.catalog import contexts
from tora.server.context import ACCESS, CALLER, CATALOG, KNOWN, PRESENCE, PROXY
from tora.server.rights import reaches
from tora.types import Status

__all__ = ["WRITER_HEADER", "address", "shown", "shown_with_token", "writer_of"]

WRITER_HEADER: Final = "x-tora-writer"


def writer_of(request: web.Request) -> str | None:
    """Return the writer that a client says it is."""
    given = request.headers.get(WRITER_HEADER)
    return None if given is None else validation.writer_id(given)


async def shown(request: web.Request, experiments: Sequence[Experiment]) -> list[Experiment]:
    """Return experiments with their address and the status that they have now."""
    running = [one.id for one in experiments if one.status == "running"]
    owners = await request.app[CATALOG].owners(running) if running else {}
    presence = request.app[PRESENCE]
    now = dt.datetime.now(dt.UTC)

    def one_shown(one: Experiment) -> Experiment:
        lost = one.status == "running" and presence.is_lost(one.id, owners.get(one.id))
        status: Status = "lost" if lost else one.status
        return evolve(one, url=address(request, f"/e/{one.id}"), status=status, duration=_duration(one, status, now))

    return [one_shown(one) for one in experiments]


async def shown_with_token(
    request: web.Request, experiment: Experiment, context: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return one experiment with its context and the caller's role.

    Who may write it gets the token that its workers append with.

    Args:
        request: Who asks.
        experiment: As it is stored.
        context: What made its run; looked up by default.
    """
    if context is None:
        context = await request.app[CATALOG].run(contexts.get, experiment.id)
    (one,) = await shown(request, [experiment])
    caller = request[CALLER]
    role = caller.role_on(one.id, await request.app[KNOWN].place(one.id))
    if reaches(role, "editor") and caller.reaches("write"):
        one = evolve(one, write_token=request.app[ACCESS].write_token(one.id))
    return wire.experiment_to_wire(one) | {"role": role, "context": context}


def _duration(one: Experiment, status: Status, now: dt.datetime) -> float | None:
    """Return how many seconds it took, or has taken by now; None where nobody knows when it ended."""
    ended = now if status == "running" else one.ended_at
    if ended is None or one.created_at is None:
        return None
    return max((ended - one.created_at).total_seconds(), 0.0)


def address(request: web.Request, path: str) -> str:
    """Return the whole address of a page: what the caller used to get here gets a browser here as well."""
    return f"{request.app[PROXY].scheme(request)}://{request.host}{path}"

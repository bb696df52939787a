"""Links by which anybody can read one experiment."""

from __future__ import annotations

import datetime as dt

from aiohttp import web

from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.catalog import shares
from tora.server.catalog.records import Share
from tora.server.context import ACCESS, CALLER, CATALOG
from tora.server.credentials import new_id
from tora.server.shapes import Deleted, Shares, ShareShown
from tora.server.shown import address

__all__ = ["create", "delete", "list_"]


async def list_(request: web.Request) -> web.Response:
    """Return the links to an experiment, the newest first."""
    found = await request.app[CATALOG].run(shares.of_experiment, request.match_info["id"])
    return json_answer(Shares([_to_wire(request, one) for one in found]))


async def create(request: web.Request) -> web.Response:
    """Make a link by which anybody can read an experiment until it is revoked."""
    user = request[CALLER].user
    new = Share(
        id=new_id("s"),
        experiment_id=request.match_info["id"],
        created_by=None if user is None else user.id,
        created_at=dt.datetime.now(dt.UTC),
    )
    await request.app[CATALOG].run(shares.create, new)
    await note(request, "share.create", new.experiment_id, share=new.id)
    return json_answer(_to_wire(request, new), 201)


async def delete(request: web.Request) -> web.Response:
    """Revoke a link, at once."""
    experiment, share = request.match_info["id"], request.match_info["share"]
    await request.app[CATALOG].run(shares.delete, experiment, share)
    request.app[ACCESS].forget()
    await note(request, "share.delete", experiment, share=share)
    return json_answer(Deleted(share))


def _to_wire(request: web.Request, one: Share) -> ShareShown:
    token = request.app[ACCESS].signers.share.token(one.id)
    link = address(request, f"/shared#token={token}&to=/e/{one.experiment_id}")
    return ShareShown(one.id, one.created_at, link)

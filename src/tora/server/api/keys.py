"""API keys: each user's own."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, TypeAlias

import msgspec
from aiohttp import web
from attrs import asdict, filters

from tora import fields, validation
from tora.errors import ToraValidationError
from tora.server import naming
from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.bodies import read_json
from tora.server.catalog import NotFoundError, keys
from tora.server.catalog.records import ApiKey, Scope, User
from tora.server.context import ACCESS, CALLER, CATALOG
from tora.server.credentials import HINT, digest, new_id, new_key
from tora.server.rights import Right
from tora.server.shapes import Deleted, KeyMade, Keys, KeyShown

__all__ = ["NewKey", "create", "delete", "list_"]


Expiry: TypeAlias = Annotated[
    dt.datetime, msgspec.Meta(description="In the future, with its time zone.", examples=["2099-01-01T00:00:00Z"])
]


class NewKey(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body of ``POST /api-keys``."""

    name: naming.KeyName
    scope: Scope = "write"
    expires: Expiry | None = None
    workspace_id: fields.Id | None = None


async def list_(request: web.Request) -> web.Response:
    """Return the caller's keys, the newest first; the keys themselves were shown once."""
    await request.app[ACCESS].note_uses()
    found = [one for one in await request.app[CATALOG].run(keys.of_user, _user(request).id) if _reaches(request, one)]
    return json_answer(Keys([KeyShown(**_told(one)) for one in found]))


async def create(request: web.Request) -> web.Response:
    """Make a key and return it, this once; a key can make none that opens more than itself, or for longer."""
    body = await read_json(request, NewKey)
    now = dt.datetime.now(dt.UTC)
    caller = request[CALLER]
    workspace = validation.workspace_id(body.workspace_id)
    if workspace is not None:
        await request.app[ACCESS].check(caller, Right.VISIT, id=workspace)
    key = new_key()
    made = ApiKey(
        id=new_id("k"),
        user_id=_user(request).id,
        name=naming.key_name(body.name),
        hint=key[:HINT],
        scope=body.scope,
        workspace_id=caller.workspace if workspace is None else workspace,
        created_at=now,
        expires_at=_expiry(body.expires, now, caller.expires_at),
    )
    await request.app[CATALOG].run(keys.create, made, digest(key))
    await note(request, "key.create", made.id, name=made.name, scope=made.scope, workspace=made.workspace_id)
    return json_answer(KeyMade(**_told(made), key=key), 201)


async def delete(request: web.Request) -> web.Response:
    """Revoke a key, at once."""
    key_id, user_id = request.match_info["key"], _user(request).id
    theirs = await request.app[CATALOG].run(keys.of_user, user_id)
    if not any(one.id == key_id and _reaches(request, one) for one in theirs):
        raise NotFoundError("key", key_id)
    revoked = await request.app[CATALOG].run(keys.delete, key_id, user_id)
    request.app[ACCESS].forget()
    await note(request, "key.delete", revoked.id, name=revoked.name)
    return json_answer(Deleted(revoked.id))


def _user(request: web.Request) -> User:
    user = request[CALLER].user
    assert user is not None, "the right asks for one"  # noqa: S101
    return user


def _reaches(request: web.Request, key: ApiKey) -> bool:
    """Return whether the caller may know of a key: one for a workspace knows of those for it alone."""
    return request[CALLER].workspace in {None, key.workspace_id}


def _expiry(expires: dt.datetime | None, now: dt.datetime, latest: dt.datetime | None) -> dt.datetime | None:
    if expires is None:
        return latest
    if expires.tzinfo is None:
        raise ToraValidationError("expires must name its time zone, such as 2030-01-01T00:00:00Z")
    if expires <= now:
        raise ToraValidationError(f"expires must be in the future, got {expires.isoformat()}")
    try:
        found = expires.astimezone(dt.UTC)
    except OverflowError:
        raise ToraValidationError(f"expires must be before the year 10000 in UTC, got {expires.isoformat()}") from None
    return found if latest is None else min(found, latest)


def _told(key: ApiKey) -> dict[str, Any]:
    return asdict(key, filter=filters.exclude("user_id"))

"""API keys: each user's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from aiohttp import web

from tora.errors import ToraValidationError
from tora.server import naming
from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.bodies import read_json
from tora.server.catalog import keys
from tora.server.catalog.records import ApiKey, Scope, User
from tora.server.context import ACCESS, CALLER, CATALOG
from tora.server.credentials import HINT, digest, new_id, new_key
from tora.server.rights import Right

__all__ = ["NewKey", "create", "delete", "list_"]


class NewKey(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body of ``POST /api-keys``."""

    name: str
    scope: Scope = "write"
    expires: dt.datetime | None = None
    workspace_id: str | None = None


async def list_(request: web.Request) -> web.Response:
    """Return the caller's keys, the newest first; the keys themselves were shown once."""
    await request.app[ACCESS].note_uses()
    found = await request.app[CATALOG].run(keys.of_user, _user(request).id)
    return json_answer({"items": [_to_wire(one) for one in found]})


async def create(request: web.Request) -> web.Response:
    """Make a key and return it, this once."""
    body = await read_json(request, NewKey)
    now = dt.datetime.now(dt.UTC)
    if body.workspace_id is not None:
        await request.app[ACCESS].check(request[CALLER], Right.VISIT, id=body.workspace_id)
    key = new_key()
    made = ApiKey(
        id=new_id("k"),
        user_id=_user(request).id,
        name=naming.key_name(body.name),
        hint=key[:HINT],
        scope=body.scope,
        workspace_id=body.workspace_id,
        created_at=now,
        expires_at=_expiry(body.expires, now),
    )
    await request.app[CATALOG].run(keys.create, made, digest(key))
    await note(request, "key.create", made.id, name=made.name, scope=made.scope, workspace=made.workspace_id)
    return json_answer(_to_wire(made) | {"key": key}, 201)


async def delete(request: web.Request) -> web.Response:
    """Revoke a key, at once."""
    revoked = await request.app[CATALOG].run(keys.delete, request.match_info["key"], _user(request).id)
    request.app[ACCESS].forget()
    await note(request, "key.delete", revoked.id, name=revoked.name)
    return json_answer({"id": revoked.id})


def _user(request: web.Request) -> User:
    user = request[CALLER].user
    assert user is not None, "the right asks for one"  # noqa: S101
    return user


def _expiry(expires: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    if expires is None:
        return None
    if expires.tzinfo is None:
        raise ToraValidationError("expires must name its time zone, such as 2030-01-01T00:00:00Z")
    if expires <= now:
        raise ToraValidationError(f"expires must be in the future, got {expires.isoformat()}")
    return expires.astimezone(dt.UTC)


def _to_wire(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "scope": key.scope,
        "workspaceId": key.workspace_id,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "lastUsedAt": key.last_used_at,
    }

"""The people of a server, for its administrators."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from aiohttp import web
from attrs import asdict

from tora.server import naming
from tora.server.accounts import TICKET_AGE
from tora.server.answers import json_answer
from tora.server.api.session import user_to_wire
from tora.server.audit import note
from tora.server.bodies import read_json
from tora.server.catalog import users
from tora.server.catalog.records import OWNER_ID, User
from tora.server.context import ACCESS, ACCOUNTS, CALLER, CATALOG
from tora.server.refusals import Refusal
from tora.server.shapes import Deleted, Users, UserWithLink
from tora.server.shown import address

__all__ = ["NewUser", "UserChange", "change", "create", "delete", "link", "list_"]


class NewUser(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body of ``POST /users``."""

    name: naming.UserName
    is_admin: bool = False


class UserChange(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body of ``PATCH /users/{user}``; what is absent stays as it is."""

    is_admin: bool | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


async def list_(request: web.Request) -> web.Response:
    """Return all users by name."""
    return json_answer(Users([user_to_wire(one) for one in await request.app[CATALOG].run(users.every)]))


async def create(request: web.Request) -> web.Response:
    """Create a user and return the one-time link with which they set their password."""
    body = await read_json(request, NewUser)
    name = naming.user_name(body.name)
    user = await request.app[CATALOG].run(users.create, name, is_admin=body.is_admin)
    await note(request, "user.create", user.id, name=user.name, isAdmin=user.is_admin)
    return json_answer(await _with_link(request, user), 201)


async def change(request: web.Request) -> web.Response:
    """Make a user an administrator or not, or bar them; whoever is barred is signed out and their keys do nothing."""
    user_id = _of_others(request, "changed")
    changes = _given(await read_json(request, UserChange))
    user = await request.app[CATALOG].run(users.change, user_id, changes)
    request.app[ACCESS].forget()
    await note(request, "user.change", user_id, **changes)
    return json_answer(user_to_wire(user))


async def delete(request: web.Request) -> web.Response:
    """Delete a user; experiments of theirs that are in no workspace become the caller's."""
    user_id = _of_others(request, "deleted")
    caller = request[CALLER].user
    assert caller is not None, "an administrator asks"  # noqa: S101
    user = await request.app[CATALOG].run(users.get, user_id)
    await request.app[CATALOG].run(users.delete, user_id, caller.id)
    request.app[ACCESS].forget()
    await note(request, "user.delete", user_id, name=user.name)
    return json_answer(Deleted(user_id))


async def link(request: web.Request) -> web.Response:
    """Return a one-time link with which a user sets a password anew; an earlier one ends."""
    user = await request.app[CATALOG].run(users.get, _of_others(request, "given a password"))
    await note(request, "user.link", user.id)
    return json_answer(await _with_link(request, user), 201)


async def _with_link(request: web.Request, user: User) -> UserWithLink:
    ticket = await request.app[ACCOUNTS].issue_ticket(user)
    return UserWithLink(
        **asdict(user),
        link=address(request, f"/welcome#token={ticket}"),
        link_expires_at=dt.datetime.now(dt.UTC) + TICKET_AGE,
    )


def _of_others(request: web.Request, done: str) -> str:
    user_id = request.match_info["user"]
    if user_id == OWNER_ID:
        raise Refusal(
            403, "forbidden", f"the owner of the data folder cannot be {done}; remove its file local-key instead"
        )
    caller = request[CALLER].user
    if caller is not None and caller.id == user_id:
        raise Refusal(403, "forbidden", f"you cannot be {done} by yourself; let another administrator do it")
    return user_id


def _given(body: UserChange) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not msgspec.UNSET}

"""Links by which people become members of a workspace, with an account or without one yet."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

import msgspec
from aiohttp import web
from attrs import evolve

from tora.errors import ToraValidationError
from tora.server import naming
from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.auth import bound
from tora.server.bodies import read_json
from tora.server.catalog import NotFoundError, members, users
from tora.server.catalog.records import Invitation, Role, User
from tora.server.context import ACCESS, ACCOUNTS, CALLER, CATALOG, THROTTLE
from tora.server.credentials import new_id
from tora.server.refusals import Refusal
from tora.server.shapes import Deleted, Invitations, InvitationShown, Joining, WorkspaceName
from tora.server.shown import address

__all__ = ["Acceptance", "NewInvitation", "accept", "create", "delete", "list_"]

MAX_DAYS: Final = 90


class NewInvitation(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /workspaces/{id}/invitations``."""

    role: Role = "editor"
    days: Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS)] = 7


class Acceptance(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /invitations``; without ``join`` it only tells what the link is for.

    ``name`` and ``password`` make an account for somebody who has none.
    """

    token: str
    join: bool = False
    name: naming.UserName | None = None
    password: naming.Password | None = None


async def list_(request: web.Request) -> web.Response:
    """Return the invitations that hold, the newest first."""
    found = await request.app[CATALOG].run(members.invitations_of, request.match_info["id"])
    return json_answer(Invitations([_to_wire(request, one) for one in found]))


async def create(request: web.Request) -> web.Response:
    """Make a link that lets whoever has it become a member."""
    body = await read_json(request, NewInvitation)
    caller = request[CALLER].user
    assert caller is not None, "the right asks for one"  # noqa: S101
    now = dt.datetime.now(dt.UTC)
    new = Invitation(
        id=new_id("i"),
        workspace_id=request.match_info["id"],
        role=body.role,
        created_by=caller.id,
        created_at=now,
        expires_at=now + dt.timedelta(days=body.days),
    )
    await request.app[CATALOG].run(members.invite, new)
    await note(request, "invitation.create", new.workspace_id, invitation=new.id, role=new.role)
    return json_answer(_to_wire(request, new), 201)


async def delete(request: web.Request) -> web.Response:
    """Withdraw an invitation."""
    workspace, invitation = request.match_info["id"], request.match_info["invitation"]
    await request.app[CATALOG].run(members.withdraw, workspace, invitation)
    await note(request, "invitation.delete", workspace, invitation=invitation)
    return json_answer(Deleted(invitation))


async def accept(request: web.Request) -> web.Response:
    """Tell what an invitation is for; with ``join``, become a member, with a new account if need be."""
    body = await read_json(request, Acceptance)
    invited = await _invitation(request, body.token)
    workspace = await request.app[CATALOG].workspace(invited.workspace_id)
    name = WorkspaceName(workspace.id, workspace.name)
    if not body.join:
        return json_answer(Joining(name, invited.role, joined=False))
    user, token = await _joining(request, body)
    member = await request.app[CATALOG].run(members.accept, invited.id, user.id)
    request.app[ACCESS].forget()
    await note(request, "invitation.accept", invited.workspace_id, invitation=invited.id, user=user.id)
    response = json_answer(Joining(name, member.role, joined=True))
    if token is not None:
        access = request.app[ACCESS]
        access.cookies.set_session(request, response, token, request.app[ACCOUNTS].session_age)
    return response


async def _invitation(request: web.Request, token: str) -> Invitation:
    async with request.app[THROTTLE].attempt(request) as attempt:
        invitation_id = request.app[ACCESS].signers.invitation.read(token)
        try:
            if invitation_id is not None:
                return await request.app[CATALOG].run(members.invitation, invitation_id)
        except NotFoundError:
            pass
        attempt.failed()
    raise Refusal(401, "unauthorized", "this invitation was withdrawn or has expired; ask for another")


async def _joining(request: web.Request, body: Acceptance) -> tuple[User, str | None]:
    """Return who joins, and the token of a new session for a new account."""
    caller = request[CALLER]
    if caller.user is not None:
        if not caller.reaches("full"):
            raise Refusal(403, "forbidden", f"this API key's scope is {caller.scope!r}; sign in to join a workspace")
        if caller.workspace is not None:
            raise bound(caller)
        return caller.user, None
    if body.name is None or body.password is None:
        raise ToraValidationError("name and password must be given, for the account that is made; or sign in first")
    name = naming.user_name(body.name)
    password = naming.password(body.password, name)
    accounts = request.app[ACCOUNTS]
    user = await request.app[CATALOG].run(users.create, name, is_admin=False)
    await accounts.set_password(user, password)
    request[CALLER] = evolve(caller, user=user, scope="full", credential="invitation")
    return user, await accounts.sign_in(user.id)


def _to_wire(request: web.Request, one: Invitation) -> InvitationShown:
    token = request.app[ACCESS].signers.invitation.token(one.id)
    return InvitationShown(one.id, one.role, one.created_at, one.expires_at, address(request, f"/join#token={token}"))

"""Who is in a workspace."""

from __future__ import annotations

import msgspec
from aiohttp import web

from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.bodies import read_json
from tora.server.catalog import members
from tora.server.catalog.records import Member, Role
from tora.server.context import ACCESS, CALLER, CATALOG
from tora.server.rights import Right
from tora.server.shapes import Deleted, Members, MemberShown

__all__ = ["Membership", "list_", "member_to_wire", "remove", "set_role"]


class Membership(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``PUT /workspaces/{id}/members/{user}``."""

    role: Role


async def list_(request: web.Request) -> web.Response:
    """Return a workspace's members by name."""
    found = await request.app[CATALOG].run(members.of_workspace, request.match_info["id"])
    return json_answer(Members([member_to_wire(one) for one in found]))


async def set_role(request: web.Request) -> web.Response:
    """Give somebody a role, member already or not."""
    body = await read_json(request, Membership)
    workspace, user = request.match_info["id"], request.match_info["user"]
    member = await request.app[CATALOG].run(members.set_role, workspace, user, body.role)
    request.app[ACCESS].forget()
    await note(request, "member.set", workspace, user=user, role=body.role)
    return json_answer(member_to_wire(member))


async def remove(request: web.Request) -> web.Response:
    """Remove a member; anybody may leave by themselves."""
    workspace, user = request.match_info["id"], request.match_info["user"]
    caller = request[CALLER]
    if caller.user is None or caller.user.id != user or not caller.reaches("full"):
        await request.app[ACCESS].check(caller, Right.MANAGE, id=workspace)
    await request.app[CATALOG].run(members.remove, workspace, user)
    request.app[ACCESS].forget()
    await note(request, "member.remove", workspace, user=user)
    return json_answer(Deleted(user))


def member_to_wire(member: Member) -> MemberShown:
    """Return a member as the protocol shows them."""
    return MemberShown(member.user_id, member.name, member.role)

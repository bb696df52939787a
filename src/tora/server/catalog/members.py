"""Who is in a workspace, and who is invited: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from attrs import asdict
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog import users as people
from tora.server.catalog import workspaces
from tora.server.catalog.errors import LastOwnerError, NotFoundError
from tora.server.catalog.records import ROLES, Invitation, Member, Role
from tora.server.catalog.tables import invitations, members, users

__all__ = ["accept", "invitation", "invitations_of", "invite", "of_workspace", "remove", "set_role", "withdraw"]


async def of_workspace(connection: AsyncConnection, workspace_id: str) -> list[Member]:
    """Return the members by name.

    Raises:
        NotFoundError: There is no such workspace.
    """
    await workspaces.get(connection, workspace_id)
    rows = await connection.execute(
        sa.select(members.c.user_id, users.c.name, members.c.role)
        .join(users, users.c.id == members.c.user_id)
        .where(members.c.workspace_id == workspace_id)
        .order_by(users.c.name_folded)
    )
    return [Member(row.user_id, row.name, row.role) for row in rows]


async def set_role(connection: AsyncConnection, workspace_id: str, user_id: str, role: Role) -> Member:
    """Give a user a role, member already or not; where it is a lesser one, the workspace's invitations end.

    Raises:
        NotFoundError: There is no such workspace or user.
        LastOwnerError: Nobody would be left to manage it.
    """
    await workspaces.hold(connection, workspace_id)
    user = await people.get(connection, user_id)
    if role != "owner":
        await _keep_an_owner(connection, workspace_id, user_id)
    before = await _role(connection, workspace_id, user_id)
    if before is not None and ROLES.index(before) > ROLES.index(role):
        await _end_invitations(connection, workspace_id)
    await connection.execute(_membership(workspace_id, user_id))
    await connection.execute(members.insert().values(workspace_id=workspace_id, user_id=user_id, role=role))
    return Member(user_id, user.name, role)


async def remove(connection: AsyncConnection, workspace_id: str, user_id: str) -> None:
    """Let a user be no member any more; the workspace's invitations end.

    Raises:
        NotFoundError: They are none, or there is no such workspace.
        LastOwnerError: Nobody would be left to manage it.
    """
    await workspaces.hold(connection, workspace_id)
    await _keep_an_owner(connection, workspace_id, user_id)
    result = await connection.execute(_membership(workspace_id, user_id))
    if not result.rowcount:
        raise NotFoundError("member", user_id)
    await _end_invitations(connection, workspace_id)


async def invite(connection: AsyncConnection, new: Invitation) -> Invitation:
    """Insert an invitation; those that have expired go.

    Raises:
        NotFoundError: There is no such workspace.
    """
    await workspaces.get(connection, new.workspace_id)
    await connection.execute(invitations.delete().where(invitations.c.expires_at <= dt.datetime.now(dt.UTC)))
    await connection.execute(invitations.insert().values(asdict(new)))
    return new


async def invitations_of(connection: AsyncConnection, workspace_id: str) -> list[Invitation]:
    """Return the invitations that hold, the newest first."""
    await workspaces.get(connection, workspace_id)
    query = sa.select(invitations).where(
        invitations.c.workspace_id == workspace_id, invitations.c.expires_at > dt.datetime.now(dt.UTC)
    )
    rows = await connection.execute(query.order_by(invitations.c.created_at.desc(), invitations.c.id))
    return [Invitation(**row) for row in rows.mappings()]


async def invitation(connection: AsyncConnection, invitation_id: str) -> Invitation:
    """Return an invitation that holds.

    Raises:
        NotFoundError: There is none of that id, it was withdrawn, or it has expired.
    """
    query = sa.select(invitations).where(
        invitations.c.id == invitation_id, invitations.c.expires_at > dt.datetime.now(dt.UTC)
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise NotFoundError("invitation", invitation_id)
    return Invitation(**row)


async def withdraw(connection: AsyncConnection, workspace_id: str, invitation_id: str) -> None:
    """Let an invitation hold no longer.

    Raises:
        NotFoundError: The workspace has none of that id.
    """
    query = invitations.delete().where(invitations.c.id == invitation_id, invitations.c.workspace_id == workspace_id)
    result = await connection.execute(query)
    if not result.rowcount:
        raise NotFoundError("invitation", invitation_id)


async def accept(connection: AsyncConnection, invitation_id: str, user_id: str) -> Member:
    """Make a user a member as invited; who may do more already keeps that.

    Raises:
        NotFoundError: The invitation does not hold.
    """
    await workspaces.hold(connection, (await invitation(connection, invitation_id)).workspace_id)
    invited = await invitation(connection, invitation_id)  # which may have ended while its workspace was waited for
    role = await _role(connection, invited.workspace_id, user_id)
    if role is not None and ROLES.index(role) >= ROLES.index(invited.role):
        return Member(user_id, (await people.get(connection, user_id)).name, role)
    return await set_role(connection, invited.workspace_id, user_id, invited.role)


async def _role(connection: AsyncConnection, workspace_id: str, user_id: str) -> Role | None:
    query = sa.select(members.c.role).where(members.c.workspace_id == workspace_id, members.c.user_id == user_id)
    role: Role | None = await connection.scalar(query)
    return role


async def _end_invitations(connection: AsyncConnection, workspace_id: str) -> None:
    # Whoever goes, or may do less from now on, may have kept a link that says otherwise.
    await connection.execute(invitations.delete().where(invitations.c.workspace_id == workspace_id))


async def _keep_an_owner(connection: AsyncConnection, workspace_id: str, leaving: str) -> None:
    query = sa.select(members.c.user_id).where(members.c.workspace_id == workspace_id, members.c.role == "owner")
    owners = {row.user_id for row in await connection.execute(query)}
    if owners == {leaving}:
        raise LastOwnerError(workspace_id)


def _membership(workspace_id: str, user_id: str) -> sa.Delete:
    return members.delete().where(members.c.workspace_id == workspace_id, members.c.user_id == user_id)

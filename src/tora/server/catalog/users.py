"""People in the catalog: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog.changes import held
from tora.server.catalog.errors import NotFoundError, TakenError
from tora.server.catalog.records import OWNER_ID, Role, User
from tora.server.catalog.tables import experiments, invitations, members, sessions, tickets, users

__all__ = [
    "Identity",
    "add_ticket",
    "by_session",
    "by_ticket",
    "change",
    "create",
    "delete",
    "drop_session",
    "drop_sessions",
    "ensure_owner",
    "every",
    "get",
    "hold",
    "identity",
    "named",
    "password_of",
    "redeem",
    "renew_password",
    "set_password",
    "start_session",
]


@frozen
class Identity:
    """A user, and what workspaces they are in."""

    user: User
    roles: dict[str, Role]


async def ensure_owner(connection: AsyncConnection) -> User:
    """Return the user that whoever reads the data folder is; made at the first call."""
    found = await _find(connection, users.c.id == OWNER_ID)
    if found is not None:
        return found
    return await _insert(connection, OWNER_ID, OWNER_ID, is_admin=True)


async def create(connection: AsyncConnection, name: str, *, is_admin: bool) -> User:
    """Insert a user without a password.

    Raises:
        TakenError: Somebody has that name, whatever its case.
    """
    if await _find(connection, users.c.name_folded == name.casefold()) is not None:
        raise TakenError("user", name)
    return await _insert(connection, f"u{secrets.token_hex(8)}", name, is_admin=is_admin)


async def get(connection: AsyncConnection, user_id: str) -> User:
    """Return a user."""
    found = await _find(connection, users.c.id == user_id)
    if found is None:
        raise NotFoundError("user", user_id)
    return found


async def hold(connection: AsyncConnection, user_id: str) -> None:
    """Let nobody else change a user, or what belongs to it, until the transaction ends.

    Raises:
        NotFoundError: There is none of that id.
    """
    if await connection.scalar(held(sa.select(users.c.id).where(users.c.id == user_id))) is None:
        raise NotFoundError("user", user_id)


async def named(connection: AsyncConnection, name: str) -> User | None:
    """Return the user of that name, whatever its case; None if there is none."""
    return await _find(connection, users.c.name_folded == name.casefold())


async def every(connection: AsyncConnection) -> list[User]:
    """Return all users by name."""
    rows = await connection.execute(sa.select(users).order_by(users.c.name_folded))
    return [_record(row) for row in rows.mappings()]


async def identity(connection: AsyncConnection, user_id: str) -> Identity | None:
    """Return a user with their roles; None for one who is not there, or may do nothing."""
    found = await _find(connection, users.c.id == user_id)
    if found is None or found.disabled:
        return None
    rows = await connection.execute(
        sa.select(members.c.workspace_id, members.c.role).where(members.c.user_id == user_id)
    )
    return Identity(found, {row.workspace_id: row.role for row in rows})


async def change(connection: AsyncConnection, user_id: str, changes: dict[str, Any]) -> User:
    """Change ``is_admin`` or ``disabled``; somebody who is disabled is signed out, and the links they know end."""
    await hold(connection, user_id)
    before = await get(connection, user_id)
    if changes:
        await connection.execute(users.update().where(users.c.id == user_id).values(changes))
    if changes.get("disabled"):
        await drop_sessions(connection, user_id)
    if changes.get("disabled") or changes.get("is_admin") is False:
        await _end_known_links(connection, before)
    return await get(connection, user_id)


async def delete(connection: AsyncConnection, user_id: str, heir: str) -> None:
    """Delete a user; what was theirs alone goes to the heir, lest it be nobody's and so everybody's.

    Raises:
        NotFoundError: One of them is not there.
    """
    for one in sorted({user_id, heir}):  # in one order, lest two who delete each other wait for each other
        await hold(connection, one)
    await _end_known_links(connection, await get(connection, user_id))
    await connection.execute(experiments.update().where(experiments.c.creator_id == user_id).values(creator_id=heir))
    await connection.execute(users.delete().where(users.c.id == user_id))


# --- Passwords, tickets and sessions --------------------------------------------------------------


async def password_of(connection: AsyncConnection, name: str) -> tuple[User, str | None] | None:
    """Return the user of that name and the hash of their password."""
    query = sa.select(users).where(users.c.name_folded == name.casefold())
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else (_record(row), row["password_hash"])


async def set_password(connection: AsyncConnection, user_id: str, password_hash: str) -> None:
    """Set the hash of a password; whoever is signed in under the old one is not any more, and no ticket is left."""
    await connection.execute(users.update().where(users.c.id == user_id).values(password_hash=password_hash))
    await connection.execute(tickets.delete().where(tickets.c.user_id == user_id))
    await drop_sessions(connection, user_id)


async def renew_password(connection: AsyncConnection, user_id: str, before: str, password_hash: str) -> None:
    """Keep the same password under a stronger hash; one that was set meanwhile stays."""
    same = users.c.password_hash == before
    await connection.execute(users.update().where(users.c.id == user_id, same).values(password_hash=password_hash))


async def add_ticket(connection: AsyncConnection, user_id: str, token_hash: bytes, expires_at: dt.datetime) -> None:
    """Let a token set the user's password once; an earlier one does no longer."""
    await hold(connection, user_id)
    await connection.execute(tickets.delete().where(tickets.c.user_id == user_id))
    await connection.execute(tickets.insert().values(token_hash=token_hash, user_id=user_id, expires_at=expires_at))


async def by_ticket(connection: AsyncConnection, token_hash: bytes) -> User | None:
    """Return the user whose password a token may set now."""
    query = sa.select(tickets.c.user_id).where(tickets.c.token_hash == token_hash, tickets.c.expires_at > _now())
    found = await connection.scalar(query)
    return None if found is None else await _find(connection, users.c.id == found)


async def redeem(connection: AsyncConnection, token_hash: bytes, password_hash: str) -> User | None:
    """Set the password that a token may set, which it then may no longer; None where it may not."""
    holder = await by_ticket(connection, token_hash)
    if holder is None:
        return None
    await hold(connection, holder.id)
    user = await by_ticket(connection, token_hash)  # which somebody else may have used meanwhile
    if user is None or user.disabled:
        return None
    await set_password(connection, user.id, password_hash)
    return await get(connection, user.id)


async def start_session(connection: AsyncConnection, user_id: str, token_hash: bytes, expires_at: dt.datetime) -> None:
    """Let a token sign the user in until a time; sessions that have expired go."""
    await connection.execute(sessions.delete().where(sessions.c.expires_at <= _now()))
    await connection.execute(
        sessions.insert().values(token_hash=token_hash, user_id=user_id, created_at=_now(), expires_at=expires_at)
    )


async def by_session(connection: AsyncConnection, token_hash: bytes) -> tuple[str, dt.datetime] | None:
    """Return the user whom a token signs in, and until when."""
    query = sa.select(sessions.c.user_id, sessions.c.expires_at).where(sessions.c.token_hash == token_hash)
    row = (await connection.execute(query)).first()
    return None if row is None else (row.user_id, row.expires_at)


async def drop_session(connection: AsyncConnection, token_hash: bytes) -> None:
    """Sign out one session."""
    await connection.execute(sessions.delete().where(sessions.c.token_hash == token_hash))


async def drop_sessions(connection: AsyncConnection, user_id: str) -> None:
    """Sign a user out everywhere."""
    await connection.execute(sessions.delete().where(sessions.c.user_id == user_id))


async def _end_known_links(connection: AsyncConnection, user: User) -> None:
    """End the links by which somebody who goes could come back under another name."""
    if user.is_admin:  # they could see every invitation, and make links to set anybody's password
        await connection.execute(invitations.delete())
        await connection.execute(tickets.delete())
        return
    theirs = sa.select(members.c.workspace_id).where(members.c.user_id == user.id)
    await connection.execute(invitations.delete().where(invitations.c.workspace_id.in_(theirs)))


async def _find(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> User | None:
    row = (await connection.execute(sa.select(users).where(condition))).mappings().first()
    return None if row is None else _record(row)


async def _insert(connection: AsyncConnection, user_id: str, name: str, *, is_admin: bool) -> User:
    user = User(user_id, name, is_admin, disabled=False, has_password=False, created_at=_now())
    await connection.execute(
        users.insert().values(
            id=user.id, name=name, name_folded=name.casefold(), is_admin=is_admin, created_at=user.created_at
        )
    )
    return user


def _record(row: sa.RowMapping) -> User:
    return User(
        id=row["id"],
        name=row["name"],
        is_admin=row["is_admin"],
        disabled=row["disabled"],
        has_password=row["password_hash"] is not None,
        created_at=row["created_at"],
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)

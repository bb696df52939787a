"""The first start of a team's server: it makes an administrator, and says once how to get in."""

from __future__ import annotations

from aiohttp import web

from tora.server.catalog import TakenError, users
from tora.server.catalog.records import OWNER_ID, User
from tora.server.context import ACCOUNTS, CATALOG, OPTIONS
from tora.server.credentials import Signer

__all__ = ["ADMIN", "instructions"]

ADMIN = "admin"
"""The name of the first administrator."""


async def instructions(app: web.Application, url: str) -> str | None:
    """Return what the operator has to do so that somebody can sign in; None where somebody can.

    Until the first administrator has a password each start makes a new link, and the one before ends; servers that
    share a catalog print the same one, whichever starts when.

    Args:
        app: A running server's.
        url: Its address.
    """
    options = app[OPTIONS]
    if options.local or options.proxy.user_header is not None:
        return None
    everyone = await app[CATALOG].run(users.every)
    if any(user.has_password and user.is_admin for user in everyone):
        return None
    people = [user for user in everyone if user.id != OWNER_ID]
    if people and all(user.name != ADMIN for user in people):
        return None  # made by `tora admin create-user`, which printed their links
    admin = next((user for user in people if user.name == ADMIN), None)
    if admin is None:
        admin = await _made(app)
    ticket = await app[ACCOUNTS].issue_ticket(admin, await _shared_ticket(app, admin))
    return (
        f"Nobody can sign in yet. Set the password of the administrator {ADMIN!r} here, once, within three days:\n"
        f"    {url}/welcome#token={ticket}\n"
        "Then make accounts under Settings, or with `tora admin create-user NAME`."
    )


async def _made(app: web.Application) -> User:
    try:
        return await app[CATALOG].run(users.create, ADMIN, is_admin=True)
    except TakenError:  # by another server that starts at the same moment
        found = await app[CATALOG].run(users.named, ADMIN)
        if found is None:
            raise
        return found


async def _shared_ticket(app: web.Application, admin: User) -> str | None:
    """Return a token that is the same on every server of a catalog: none of them ends the link that another printed."""
    if app[OPTIONS].catalog is None:
        return None
    return Signer("", await app[CATALOG].secret("first-start")).token(admin.id)

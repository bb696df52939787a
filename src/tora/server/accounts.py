"""What changes a person's way in: passwords, one-time links and sessions."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from attrs import field, frozen

from tora.server.catalog import Catalog, users
from tora.server.catalog.records import User
from tora.server.credentials import digest, new_secret

__all__ = ["LOCAL_SESSION_AGE", "SESSION_AGE", "TICKET_AGE", "Accounts"]

SESSION_AGE: Final = dt.timedelta(days=30)
LOCAL_SESSION_AGE: Final = dt.timedelta(days=365)
TICKET_AGE: Final = dt.timedelta(days=3)

_AT_ONCE: Final = 2
"""Hashing a password takes 64 MiB and a core, on purpose; who tries many waits for the others."""


@frozen
class Accounts:
    """The people of a server, and how they get in.

    Attributes:
        catalog: Where they are kept.
        session_age: For how long a browser stays signed in.
    """

    catalog: Catalog
    session_age: dt.timedelta = SESSION_AGE
    _hasher: PasswordHasher = field(factory=PasswordHasher)
    _turns: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _decoy: list[str] = field(factory=list)

    async def find(self, name: str, password: str) -> User | None:
        """Return the user of that name and password; None for a wrong one, after the same time whatever is wrong."""
        found = await self.catalog.run(users.password_of, name)
        user, stored = found if found is not None else (None, None)
        if stored is None:
            await self._matches(await self._of_nobody(), password)
            return None
        if not await self._matches(stored, password) or user is None or user.disabled:
            return None
        if self._hasher.check_needs_rehash(stored):
            await self.catalog.run(users.renew_password, user.id, stored, await self._hash(password))
        return user

    async def is_password(self, user: User, password: str) -> bool:
        """Return whether that is the user's password."""
        found = await self.find(user.name, password)
        return found is not None and found.id == user.id

    async def set_password(self, user: User, password: str) -> None:
        """Set a user's password; every session and one-time link of theirs ends."""
        await self.catalog.run(users.set_password, user.id, await self._hash(password))

    async def issue_ticket(self, user: User, token: str | None = None) -> str:
        """Return a token, a new one by default, with which the user can set a password, once; an earlier one ends."""
        token = token or new_secret()
        await self.catalog.run(users.add_ticket, user.id, digest(token), _from_now(TICKET_AGE))
        return token

    async def holder(self, ticket: str) -> User | None:
        """Return the user whose password a token may set now."""
        return await self.catalog.run(users.by_ticket, digest(ticket))

    async def redeem(self, ticket: str, password: str) -> User | None:
        """Set the password that a one-time link may set; None where it was used meanwhile, however close together."""
        return await self.catalog.run(users.redeem, digest(ticket), await self._hash(password))

    async def sign_in(self, user_id: str) -> str:
        """Return the token of a new session; no token that was there before becomes one."""
        token = new_secret()
        await self.catalog.run(users.start_session, user_id, digest(token), _from_now(self.session_age))
        return token

    async def sign_out(self, token: str) -> None:
        """End the session of a token."""
        await self.catalog.run(users.drop_session, digest(token))

    async def _hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _matches(self, stored: str, password: str) -> bool:
        async with self._turns:
            return await asyncio.to_thread(self._verified, stored, password)

    def _verified(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _of_nobody(self) -> str:
        if not self._decoy:
            self._decoy.append(await self._hash(new_secret()))
        return self._decoy[0]


def _from_now(age: dt.timedelta) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + age

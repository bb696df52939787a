"""What lets somebody in: how it is made, and what is kept of it.

Keys, sessions and one-time links are 32 random bytes, of which the catalog keeps the SHA-256: what cannot
be guessed needs no slow hash. Tokens that must be shown more than once (write tokens, shares, invitations)
are an id and its HMAC with a secret of this server, so that nothing of them is kept but the id.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final, Literal

from attrs import frozen

__all__ = ["HINT", "KEY_PREFIX", "Signer", "digest", "new_id", "new_key", "new_secret", "same"]

KEY_PREFIX: Final = "tora_"
"""Scanners of public code know a key by it."""

HINT: Final = len(KEY_PREFIX) + 4
"""So many characters of a key are kept to know it by."""


def new_key() -> str:
    """Return a new API key."""
    return KEY_PREFIX + new_secret()


def new_secret() -> str:
    """Return 32 random bytes as text that can stand in a URL."""
    return secrets.token_urlsafe(32)


def new_id(kind: Literal["k", "i", "s"]) -> str:
    """Return the id of a new key, invitation or share; nobody gets in by it."""
    return kind + secrets.token_hex(8)


def digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def same(given: str, known: str) -> bool:
    """Compare two texts in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), known.encode("utf-8", "surrogateescape"))


@frozen
class Signer:
    """Makes and reads tokens of one purpose.

    Attributes:
        prefix: How they begin.
        secret: What they are made with.
    """

    prefix: str
    secret: bytes

    def token(self, id: str) -> str:  # noqa: A002  # the record's word
        """Return the token of an id."""
        mac = hmac.new(self.secret, id.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
        return f"{self.prefix}{id}.{mac}"

    def read(self, token: str) -> str | None:
        """Return the id that a token of this server is for; None for any other text."""
        if not token.startswith(self.prefix):
            return None
        id = token.removeprefix(self.prefix).partition(".")[0]  # noqa: A001
        return id if same(token, self.token(id)) else None

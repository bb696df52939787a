"""Who asks, and what they may do."""

from __future__ import annotations

import enum
import hashlib
import hmac
from typing import Final

from aiohttp import web
from attrs import frozen

from tora.server.refusals import Refusal

__all__ = ["Access", "Caller", "Right"]

_TOKEN_PREFIX: Final = "tw_"  # noqa: S105  # the public part of a token


class Right(enum.Enum):
    """What a route asks of its caller."""

    OPEN = "open"
    """Nothing."""
    VIEW = "view"
    """To see one experiment's record, as whoever may append to it must."""
    READ = "read"
    """To read experiments and their metrics."""
    APPEND = "append"
    """To log to one experiment."""
    WRITE = "write"
    """To create, change and delete experiments."""
    ACCOUNT = "account"
    """To have shown a key that stands for somebody."""


@frozen
class Caller:
    """Who asks, as far as the server knows.

    Attributes:
        experiment: The only experiment that the rights hold for; None for all.
        has_key: A key was shown; without one, more rights can be had by showing one.
    """

    rights: frozenset[Right]
    has_key: bool
    experiment: str | None = None

    def may(self, right: Right, experiment: str | None) -> bool:
        """Return whether the caller has a right, on that experiment where the route names one."""
        return right is Right.OPEN or (right in self.rights and self.experiment in {None, experiment})


_NOBODY: Final = Caller(frozenset(), has_key=False)
_ANONYMOUS: Final = Caller(frozenset({Right.VIEW, Right.READ, Right.APPEND, Right.WRITE}), has_key=False)
_OWNER: Final = Caller(frozenset(Right), has_key=True)
_WRITER_RIGHTS: Final = frozenset({Right.VIEW, Right.APPEND})


@frozen
class Access:
    """The keys that a server knows.

    Attributes:
        local_key: The data folder's own key, which may do everything.
        secret: What write tokens are derived from.
        anonymous: Callers without a key may read and write.
    """

    local_key: str
    secret: bytes
    anonymous: bool

    def write_token(self, experiment: str) -> str:
        """Return the key that may log to one experiment and do nothing else."""
        return f"{_TOKEN_PREFIX}{experiment}.{self._mac(experiment)}"

    def check(self, request: web.Request, right: Right) -> Caller:
        """Return who asks; refuse a caller that lacks the right.

        A wrong key is refused even where none is needed: whoever sends one believes that it works.
        """
        caller = self._caller(request)
        if caller.may(right, request.match_info.get("id")):
            return caller
        if caller.has_key:
            raise Refusal(403, "forbidden", f"this key does not have the right to {request.method} {request.path}")
        raise Refusal(401, "unauthorized", "this needs an API key; set TORA_API_KEY, or send it as x-api-key")

    def _mac(self, experiment: str) -> str:
        return hmac.new(self.secret, experiment.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()

    def _caller(self, request: web.Request) -> Caller:
        key = _key(request)
        if not key:
            return _ANONYMOUS if self.anonymous else _NOBODY
        if _same(key, self.local_key):
            return _OWNER
        experiment = key.removeprefix(_TOKEN_PREFIX).partition(".")[0]
        if _same(key, self.write_token(experiment)):
            return Caller(_WRITER_RIGHTS, has_key=True, experiment=experiment)
        raise Refusal(
            401, "unauthorized", "this server does not know that API key; check TORA_API_KEY and the server's URL"
        )


def _key(request: web.Request) -> str:
    if key := request.headers.get("x-api-key", "").strip():
        return key
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), known.encode("utf-8", "surrogateescape"))

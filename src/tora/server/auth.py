"""Who asks, and whether they may."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from attrs import evolve, field, frozen

from tora.server.catalog import Catalog, NotFoundError, keys, shares, users
from tora.server.catalog.records import OWNER_ID, ApiKey, Role
from tora.server.cookies import Cookies
from tora.server.credentials import Signer, digest, same
from tora.server.known import KnownExperiments
from tora.server.limits import Limits
from tora.server.proxy import Proxy
from tora.server.refusals import Refusal, unknown_experiment
from tora.server.remembered import Remembered
from tora.server.rights import NEEDS, Caller, Need, Right, reaches

__all__ = ["Access", "Signers", "bound", "unauthorized"]

TOUCH: Final = dt.timedelta(minutes=1)
"""A key's last use is kept to this."""


@frozen
class Signers:
    """What makes and reads the tokens that can be shown again."""

    write: Signer
    share: Signer
    invitation: Signer

    @classmethod
    async def of(cls, catalog: Catalog) -> Signers:
        """Return those of a server, made at its first start."""
        return cls(
            write=Signer("tw_", await catalog.secret("write-token")),
            share=Signer("ts_", await catalog.secret("share")),
            invitation=Signer("ti_", await catalog.secret("invitation")),
        )


@frozen
class _Found:
    caller: Caller
    expires_at: dt.datetime | None
    key: ApiKey | None = None


@frozen
class Access:
    """What a server knows of keys and people.

    Attributes:
        catalog: Where they are kept.
        known: Where experiments are.
        local_key: The data folder's own key, which may do everything.
        signers: What makes and reads tokens.
        anonymous: Callers without a key may read and write what is nobody's.
        proxy: What stands in front, and may say who asks.
        cookies: How browsers show who they are.
        limits: How many unknown keys may come from one address; None for any number.
    """

    catalog: Catalog
    known: KnownExperiments
    local_key: str
    signers: Signers
    anonymous: bool
    proxy: Proxy
    cookies: Cookies
    limits: Limits | None = None
    _remembered: Remembered[_Found] = field(factory=Remembered)
    _used: dict[str, dt.datetime] = field(factory=dict)

    def forget(self) -> None:
        """Look everything up anew: something has changed of keys, people or places."""
        self._remembered.forget()
        self.known.forget()

    def write_token(self, experiment: str) -> str:
        """Return the key that may log to one experiment and do nothing else."""
        return self.signers.write.token(experiment)

    async def note_uses(self) -> None:
        """Keep when keys were used last."""
        if self._used:
            used = dict(self._used)
            self._used.clear()
            await self.catalog.run(keys.used, used)

    # --- Who asks ---------------------------------------------------------------------------------

    async def caller(self, request: web.Request) -> Caller:
        """Return who asks.

        A wrong key is refused even where none is needed: whoever sends one believes that it works. A cookie
        that is no good any more is nobody's fault, and counts as none.
        """
        if token := _token(request):
            return await self._of_token(request, token)
        found = await self._of_cookie(request) or await self._of_proxy(request) or self._nobody()
        share = self.cookies.share(request)
        return found if not share else evolve(found, shared=await self.shared_by(share))

    async def _of_token(self, request: web.Request, token: str) -> Caller:
        experiment = self.signers.write.read(token)
        if experiment is not None:
            return Caller(scope="write", experiment=experiment, credential=f"token:{experiment}")
        found = await self._known(request, token, self._by_local_key if same(token, self.local_key) else self._by_key)
        if found is None:
            raise Refusal(
                401, "unauthorized", "this server does not know that API key; check TORA_API_KEY and the server's URL"
            )
        now = dt.datetime.now(dt.UTC)
        if found.expires_at is not None and found.expires_at <= now:
            raise Refusal(401, "unauthorized", "this API key has expired; make another one under Settings, Keys")
        if found.key is not None:
            self._touch(found.key, now)
        return found.caller

    async def owner(self) -> Caller:
        """Return whoever can read the data folder."""
        return await self._of_user(OWNER_ID, "local-key") or self._nobody()

    async def _of_cookie(self, request: web.Request) -> Caller | None:
        token = self.cookies.session(request)
        found = await self._known(request, token, self._by_session) if token else None
        expired = found is None or (found.expires_at is not None and found.expires_at <= dt.datetime.now(dt.UTC))
        return None if found is None or expired else found.caller

    async def _known(
        self, request: web.Request, token: str, search: Callable[[bytes], Awaitable[_Found | None]]
    ) -> _Found | None:
        """Return what a key or a session is; each unknown one costs its address a part of its allowance."""
        hashed = digest(token)
        if hashed in self._remembered:
            return self._remembered.get(hashed)
        origin = self.proxy.origin(request)
        if self.limits is not None:
            self.limits.check_guess(origin)
        version = self._remembered.version
        found = await search(hashed)
        if found is None and self.limits is not None:
            self.limits.guessed(origin)
        self._remembered.add(hashed, found, version)
        return found

    async def _by_local_key(self, _: bytes) -> _Found:
        return _Found(await self.owner(), None)

    async def _by_key(self, hashed: bytes) -> _Found | None:
        key = await self.catalog.run(keys.by_token, hashed)
        caller = None if key is None else await self._of_user(key.user_id, f"key:{key.id}")
        if key is None or caller is None:
            return None
        caller = evolve(caller, scope=key.scope, workspace=key.workspace_id, expires_at=key.expires_at)
        return _Found(caller, key.expires_at, key)

    async def _by_session(self, hashed: bytes) -> _Found | None:
        session = await self.catalog.run(users.by_session, hashed)
        caller = None if session is None else await self._of_user(session[0], "session")
        return None if session is None or caller is None else _Found(caller, session[1])

    async def _of_proxy(self, request: web.Request) -> Caller | None:
        name = self.proxy.user_of(request)
        if name is None:
            return None
        user = await self.catalog.run(users.named, name)
        caller = None if user is None else await self._of_user(user.id, "proxy")
        if caller is None:
            raise Refusal(
                403,
                "forbidden",
                f"the proxy says that you are {name!r}, who has no account here; an administrator can make one: "
                "tora admin create-user",
            )
        return caller

    async def _of_user(self, user_id: str, credential: str) -> Caller | None:
        found = await self.catalog.run(users.identity, user_id)
        if found is None:
            return None
        return Caller(found.user, found.roles, "full", anonymous=self.anonymous, credential=credential)

    async def shared_by(self, token: str) -> frozenset[str]:
        """Return the experiments that the token of a link lets anybody read; none for a link that was revoked."""
        share_id = self.signers.share.read(token)
        share = None if share_id is None else await self.catalog.run(shares.get, share_id)
        return frozenset() if share is None else frozenset({share.experiment_id})

    def _nobody(self) -> Caller:
        return Caller(scope="write" if self.anonymous else None, anonymous=self.anonymous)

    def _touch(self, key: ApiKey, now: dt.datetime) -> None:
        before = self._used.get(key.id, key.last_used_at)
        if before is None or now - before >= TOUCH:
            self._used[key.id] = now

    # --- Whether they may -------------------------------------------------------------------------

    async def check(self, caller: Caller, right: Right, *, id: str | None = None) -> None:  # noqa: A002
        """Refuse a caller that lacks a right.

        Args:
            caller: Who asks.
            right: What for.
            id: The experiment's or workspace's that the right is about; None where it is about many.

        Raises:
            Refusal: 401 without a credential, 403 with one that does not suffice, 404 for what the caller
                cannot see: whether it exists is nobody else's affair.
        """
        if right is Right.OPEN:
            return
        need = NEEDS[right]
        if caller.experiment is not None:
            await self._check_token(caller, need, id)
        elif need.subject == "experiment":
            await self._check_experiment(caller, need, id)
        elif caller.user is None:
            if need is NEEDS[Right.VISIT] and caller.anonymous:
                raise NotFoundError("workspace", id or "")  # as for anybody who is no member
            raise unauthorized()
        elif not caller.reaches(need.scope):
            raise _out_of_scope(caller)
        elif right is Right.FOUND and caller.workspace is not None:
            raise bound(caller)
        elif need.subject == "workspace":
            _check_role(_workspace_role(caller, id), need)
        elif need.subject == "server" and not caller.is_admin:
            raise Refusal(403, "forbidden", "only an administrator of this server may do that")

    async def may(self, caller: Caller, right: Right, *, id: str) -> bool:  # noqa: A002
        """Return whether `check` would let the caller pass."""
        try:
            await self.check(caller, right, id=id)
        except (Refusal, NotFoundError):
            return False
        return True

    async def _check_token(self, caller: Caller, need: Need, experiment: str | None) -> None:
        if not need.token or experiment is None or experiment != caller.experiment:
            raise Refusal(
                403, "forbidden", f"this key may only log to the experiment {caller.experiment!r}; use your own API key"
            )
        await self.known.place(experiment)

    async def _check_experiment(self, caller: Caller, need: Need, experiment: str | None) -> None:
        may = caller.reaches(need.scope)
        if experiment is None:
            if not may and not (caller.is_reader and need.scope == "read"):
                raise _out_of_scope(caller) if caller.user else unauthorized()
            return
        if not caller.is_reader:
            raise unauthorized()
        role = caller.role_on(experiment, await self.known.place(experiment))
        if role is None:
            raise unknown_experiment(experiment) if caller.user or caller.anonymous else unauthorized()
        if not may and not (experiment in caller.shared and need.scope == "read"):
            raise _out_of_scope(caller) if caller.user else unauthorized()
        _check_role(role, need)


def unauthorized() -> Refusal:
    """Return the answer to who must first say who they are."""
    return Refusal(
        401, "unauthorized", "this needs an API key, or to sign in; set TORA_API_KEY, or send it as x-api-key"
    )


def bound(caller: Caller) -> Refusal:
    """Return the answer to a key for one workspace that was used for something outside of it."""
    return Refusal(
        403, "forbidden", f"this API key is for the workspace {caller.workspace!r} alone; use another one, or sign in"
    )


def _workspace_role(caller: Caller, workspace: str | None) -> Role:
    role = None if workspace is None else caller.role_in(workspace)
    if workspace is None or role is None:
        raise NotFoundError("workspace", workspace or "")
    return role


def _check_role(role: Role, need: Need) -> None:
    if need.role is not None and not reaches(role, need.role):
        raise Refusal(
            403, "forbidden", f"you are {role} here, and this takes {need.role}; ask an owner of the workspace"
        )


def _out_of_scope(caller: Caller) -> Refusal:
    return Refusal(
        403,
        "forbidden",
        f"this API key's scope is {caller.scope!r}, which does not allow that; use one of a wider scope",
    )


def _token(request: web.Request) -> str:
    if key := request.headers.get("x-api-key", "").strip():
        return key
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""

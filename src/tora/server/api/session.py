"""Signing in and out, and who one is."""

from __future__ import annotations

import msgspec
from aiohttp import web
from attrs import asdict

from tora import rendezvous
from tora.errors import ToraValidationError
from tora.server import naming
from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.auth import unauthorized
from tora.server.bodies import read_json
from tora.server.catalog import users
from tora.server.catalog.records import OWNER_ID, User
from tora.server.context import ACCESS, ACCOUNTS, CALLER, CATALOG, OPTIONS, THROTTLE
from tora.server.credentials import same
from tora.server.refusals import Refusal
from tora.server.rights import Caller
from tora.server.shapes import Empty, Session, SharedOnly, UserShown

__all__ = ["NewPassword", "SignIn", "set_password", "show", "sign_in", "sign_out", "user_to_wire"]


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /session``: a name with its password, or the token of a link."""

    name: str | None = None
    password: str | None = None
    token: str | None = None


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /password``: the new one, and the current one or a one-time link's token."""

    password: naming.Password
    current: str | None = None
    token: str | None = None


async def show(request: web.Request) -> web.Response:
    """Return who asks, and how this server takes people in."""
    return json_answer(_session(request, request[CALLER]))


async def sign_in(request: web.Request) -> web.Response:
    """Sign a browser in: by name and password, by this folder's own link, or as the reader of a shared experiment."""
    body = await read_json(request, SignIn)
    if body.token is not None and body.name is None and body.password is None:
        return await _by_token(request, body.token)
    if body.token is not None or body.name is None or body.password is None:
        raise ToraValidationError("name and password, or token alone, must be given")
    user = await _by_password(request, body.name, body.password)
    return await _signed_in(request, user)


async def sign_out(request: web.Request) -> web.Response:
    """Sign the browser out."""
    cookies = request.app[ACCESS].cookies
    user = request[CALLER].user
    if token := cookies.session(request):
        await request.app[ACCOUNTS].sign_out(token)
        request.app[ACCESS].forget()
        if user is not None:
            await note(request, "session.end", user.id)
    response = json_answer(Empty())
    cookies.drop_session(request, response)
    return response


async def set_password(request: web.Request) -> web.Response:
    """Set a password and sign in; whoever was signed in with the old one is not any more."""
    body = await read_json(request, NewPassword)
    accounts = request.app[ACCOUNTS]
    if body.token is not None:
        user = await _redeemed(request, body.token, body.password)
    else:
        user = await _confirmed(request, body.current)
        await accounts.set_password(user, naming.password(body.password, user.name))
    request.app[ACCESS].forget()
    return await _signed_in(request, user, "password.set")


async def _redeemed(request: web.Request, token: str, password: str) -> User:
    accounts = request.app[ACCOUNTS]
    async with request.app[THROTTLE].attempt(request) as attempt:
        holder = await accounts.holder(token)
        if holder is not None:
            user = await accounts.redeem(token, naming.password(password, holder.name))
            if user is not None:
                return user
        attempt.failed()
        raise Refusal(
            401, "unauthorized", "this link was used, has expired or was replaced; ask an administrator for another"
        )


async def _confirmed(request: web.Request, current: str | None) -> User:
    user = request[CALLER].user
    if user is None or not request[CALLER].reaches("full"):
        raise unauthorized()
    async with request.app[THROTTLE].attempt(request, user.name) as attempt:
        if current is None or not await request.app[ACCOUNTS].is_password(user, current):
            attempt.failed()
            raise Refusal(403, "forbidden", "current is not your password")
    return user


async def _by_password(request: web.Request, name: str, password: str) -> User:
    async with request.app[THROTTLE].attempt(request, name) as attempt:
        user = await request.app[ACCOUNTS].find(name, password)
        if user is None:
            attempt.failed()
            # A name that nobody has may be a password that was typed into the wrong field.
            known = await request.app[CATALOG].run(users.named, name)
            await note(request, "session.refused", "" if known is None else known.id)
            raise Refusal(401, "unauthorized", "there is no account of that name and password")
    return user


async def _by_token(request: web.Request, token: str) -> web.Response:
    access = request.app[ACCESS]
    async with request.app[THROTTLE].attempt(request) as attempt:
        if same(token, rendezvous.opener(access.local_key)):
            owner = await access.owner()
            if owner.user is not None:
                return await _signed_in(request, owner.user)
        shared = await access.shared_by(token)
        if not shared:
            attempt.failed()
            raise Refusal(401, "unauthorized", "this link does not open anything; it may have been revoked")
    response = json_answer(SharedOnly(sorted(shared)))
    access.cookies.set_share(request, response, token)
    return response


async def _signed_in(request: web.Request, user: User, action: str = "session.start") -> web.Response:
    accounts, cookies = request.app[ACCOUNTS], request.app[ACCESS].cookies
    if before := cookies.session(request):  # whatever was there, it is another session from here on
        await accounts.sign_out(before)
        request.app[ACCESS].forget()
    token = await accounts.sign_in(user.id)
    caller = Caller(user, scope="full", credential="session")
    request[CALLER] = caller
    await note(request, action, user.id)
    response = json_answer(_session(request, caller))
    cookies.set_session(request, response, token, accounts.session_age)
    return response


def _session(request: web.Request, caller: Caller) -> Session:
    return Session(
        user=None if caller.user is None else user_to_wire(caller.user),
        scope=caller.scope,
        shared=sorted(caller.shared),
        anonymous=request.app[ACCESS].anonymous,
        mode=request.app[OPTIONS].mode,
        is_local_user=caller.user is not None and caller.user.id == OWNER_ID,
    )


def user_to_wire(user: User) -> UserShown:
    """Return a user as the protocol shows them."""
    return UserShown(**asdict(user))

"""The records of people and of what lets them in; experiments and workspaces are `tora.models`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from attrs import field, frozen

__all__ = [
    "OWNER_ID",
    "ROLES",
    "SCOPES",
    "ApiKey",
    "AuditEntry",
    "Invitation",
    "Member",
    "Place",
    "Role",
    "Scope",
    "Share",
    "User",
]

Role: TypeAlias = Literal["viewer", "editor", "owner"]
"""What a member may do in a workspace; each may do what those before it may."""

Scope: TypeAlias = Literal["read", "write", "full"]
"""What a key may be used for; each for what those before it may."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

OWNER_ID: Final = "owner"
"""The id of whoever can read the data folder: the user of a local server, the operator of a team's."""


@frozen
class User:
    """A person with an account.

    Attributes:
        is_admin: May see and change everything on this server.
        disabled: May do nothing at all.
        has_password: Whether a password was set; without one only a one-time link or the proxy lets in.
    """

    id: str
    name: str
    is_admin: bool
    disabled: bool
    has_password: bool
    created_at: dt.datetime


@frozen
class ApiKey:
    """An API key, as far as it is known after it was shown once.

    Attributes:
        hint: How the key begins, to know it by.
        workspace_id: The only workspace that it opens; None for all of its user's.
        expires_at: When it ends; None for never.
        last_used_at: When it was used last, to the minute; None for never.
    """

    id: str
    user_id: str
    name: str
    hint: str
    scope: Scope
    workspace_id: str | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None = None


@frozen
class Member:
    """Somebody in a workspace."""

    user_id: str
    name: str
    role: Role


@frozen
class Invitation:
    """A link by which people become members of a workspace until it expires."""

    id: str
    workspace_id: str
    role: Role
    created_by: str
    created_at: dt.datetime
    expires_at: dt.datetime


@frozen
class Share:
    """A link by which anybody can read one experiment until it is revoked."""

    id: str
    experiment_id: str
    created_by: str | None
    created_at: dt.datetime


@frozen
class Place:
    """Where an experiment is, which says who may see it.

    Attributes:
        workspace_id: Its workspace; None for none.
        creator_id: Whose it is where it is in no workspace; None for nobody's.
    """

    workspace_id: str | None
    creator_id: str | None


@frozen
class AuditEntry:
    """Who changed what.

    Attributes:
        number: Its place in the log.
        actor_id: The user; None for one who was not known.
        actor_name: The user's name as it was then, with the key that was used.
        address: Where the request came from.
        action: What was done, such as ``member.set``.
        target: The id of what it was done to.
        details: What else there is to know; never a key or a password.
    """

    number: int
    at: dt.datetime
    actor_id: str | None
    actor_name: str
    address: str
    action: str
    target: str
    details: Mapping[str, Any] = field(factory=dict)

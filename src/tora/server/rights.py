"""Rights: what a route asks of its caller, who the caller is, and whether the one suffices for the other."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from attrs import field, frozen

from tora.server.catalog.page import Sight
from tora.server.catalog.records import ROLES, SCOPES, Place, Role, Scope, User

__all__ = ["NEEDS", "Caller", "Need", "Right", "Subject", "reaches"]

Subject: TypeAlias = Literal["experiment", "workspace", "account", "server"]


class Right(enum.Enum):
    """What a route asks of its caller; `NEEDS` says what each takes."""

    OPEN = "open"
    """Nothing."""
    VIEW = "view"
    """To see one experiment's record, as whoever may append to it must."""
    READ = "read"
    """To read experiments and their metrics; a route that names none answers with those that may be seen."""
    APPEND = "append"
    """To log to one experiment."""
    CREATE = "create"
    """To create experiments; in which workspace is the body's affair, and checked there."""
    WRITE = "write"
    """To change and delete one experiment."""
    SHARE = "share"
    """To let the world read one experiment."""
    MEMBER = "member"
    """To be somebody: to see one's own workspaces."""
    FOUND = "found"
    """To create a workspace."""
    VISIT = "visit"
    """To see one workspace."""
    MANAGE = "manage"
    """To change one workspace, its members and its invitations."""
    ACCOUNT = "account"
    """To manage one's own account and keys."""
    OPERATE = "operate"
    """To see how the server fares."""
    ADMIN = "admin"
    """To manage the server and its users."""


@frozen
class Need:
    """What a right takes.

    Attributes:
        subject: What the role is about; ``account`` asks for a user and ``server`` for an administrator.
        scope: What the key must be good for.
        role: The role on the subject; None where there is none to have.
        token: A write token of that experiment suffices.
    """

    subject: Subject
    scope: Scope
    role: Role | None = None
    token: bool = False


NEEDS: Final[Mapping[Right, Need]] = MappingProxyType(
    {
        Right.VIEW: Need("experiment", "read", "viewer", token=True),
        Right.READ: Need("experiment", "read", "viewer"),
        Right.APPEND: Need("experiment", "write", "editor", token=True),
        Right.CREATE: Need("experiment", "write", "editor"),
        Right.WRITE: Need("experiment", "write", "editor"),
        Right.SHARE: Need("experiment", "full", "editor"),
        Right.MEMBER: Need("account", "read"),
        Right.FOUND: Need("account", "write"),
        Right.VISIT: Need("workspace", "read", "viewer"),
        Right.MANAGE: Need("workspace", "full", "owner"),
        Right.ACCOUNT: Need("account", "full"),
        Right.OPERATE: Need("server", "read"),
        Right.ADMIN: Need("server", "full"),
    }
)


@frozen
class Caller:
    """Who asks, as far as the server knows.

    Attributes:
        user: The person; None for one who showed nothing, or a write token.
        roles: The person's role in each of their workspaces.
        scope: What the credential is good for; None where there is none.
        workspace: The only workspace that the credential opens; None for all of the user's.
        experiment: The only experiment that a write token is for.
        shared: Experiments that a link lets the caller read.
        anonymous: This server lets people in without a key: what nobody made is everybody's.
        expires_at: When the credential ends; None for one that does not, and for sessions, which people renew.
        credential: A name for what was shown, for limits and the audit log; never the thing itself.
    """

    user: User | None = None
    roles: Mapping[str, Role] = field(factory=dict)
    scope: Scope | None = None
    workspace: str | None = None
    experiment: str | None = None
    shared: frozenset[str] = frozenset()
    anonymous: bool = False
    expires_at: dt.datetime | None = None
    credential: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether an administrator asks, with a credential for the whole server."""
        return self.user is not None and self.user.is_admin and self.workspace is None

    @property
    def is_reader(self) -> bool:
        """Whether there is anything that the caller could read."""
        return self.user is not None or self.anonymous or bool(self.shared)

    def reaches(self, scope: Scope) -> bool:
        """Return whether the credential is good for so much."""
        return self.scope is not None and SCOPES.index(self.scope) >= SCOPES.index(scope)

    def role_in(self, workspace: str) -> Role | None:
        """Return the role in a workspace."""
        if self.user is None or self.workspace not in {None, workspace}:
            return None
        return "owner" if self.user.is_admin else self.roles.get(workspace)

    def role_on(self, experiment: str, place: Place) -> Role | None:
        """Return the role on an experiment."""
        role = self._role_at(place)
        return "viewer" if role is None and experiment in self.shared else role

    def sight(self) -> Sight | None:
        """Return which experiments the caller may see; None for all."""
        if self.is_admin:
            return None
        mine = [ws for ws in self.roles if self.workspace in {None, ws}]
        if self.user is not None and self.user.is_admin and self.workspace is not None:
            mine = [self.workspace]
        everywhere = self.workspace is None
        return Sight(
            workspaces=frozenset(mine),
            creator=self.user.id if self.user is not None and everywhere else None,
            nobodys=self.anonymous and everywhere,
            experiments=self.shared,
        )

    def own_sight(self) -> Sight:
        """Return which experiments are the caller's own: those in no workspace that they made."""
        everywhere = self.workspace is None
        return Sight(
            creator=self.user.id if self.user is not None and everywhere else None,
            nobodys=self.anonymous and self.user is None,
        )

    def _role_at(self, place: Place) -> Role | None:
        if self.is_admin:
            return "owner"
        if place.workspace_id is not None:
            return self.role_in(place.workspace_id)
        if self.workspace is not None:
            return None
        if place.creator_id is None:
            return "owner" if self.anonymous else None
        return "owner" if self.user is not None and self.user.id == place.creator_id else None


def reaches(role: Role | None, needed: Role) -> bool:
    """Return whether a role includes another."""
    return role is not None and ROLES.index(role) >= ROLES.index(needed)

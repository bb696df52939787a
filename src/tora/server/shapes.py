"""What answers hold under ``data``: what the description says, and what most handlers build them from."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tora.server.catalog.records import Role, Scope
from tora.types import Status
from tora.wire import Hyperparam, Number

__all__ = [
    "Accepted",
    "Actor",
    "AuditItem",
    "AuditPage",
    "Columns",
    "Console",
    "ConsoleKept",
    "ConsoleLineShown",
    "Count",
    "Deleted",
    "Empty",
    "ExperimentItem",
    "ExperimentPage",
    "ExperimentShown",
    "Health",
    "InvitationShown",
    "Invitations",
    "Joining",
    "KeyMade",
    "KeyShown",
    "Keys",
    "MemberShown",
    "Members",
    "MetricSummary",
    "NameCount",
    "OneSeries",
    "Seen",
    "Series",
    "SeriesColumns",
    "Session",
    "ShareShown",
    "SharedOnly",
    "Shares",
    "UserShown",
    "UserWithLink",
    "Users",
    "WorkspaceName",
    "WorkspaceShown",
    "WriterShown",
]

Count = Annotated[int, Meta(extra_json_schema={"minimum": 0})]


class _Shape(Struct, rename="camel"):
    pass


class Empty(_Shape):
    """Nothing to say."""


class Deleted(_Shape):
    """What is gone now."""

    id: str


class Health(_Shape):
    """Who answers."""

    version: str
    protocol: int
    mode: Literal["local", "team"]


# --- Experiments: `tora.wire` builds these --------------------------------------------------------


class _Experiment(_Shape):
    id: str
    name: str
    url: str
    workspace_id: str | None
    description: str | None
    hyperparams: list[Hyperparam]
    tags: list[str]
    notes: str | None
    status: Status
    archived: bool
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    ended_at: dt.datetime | None
    duration: Annotated[float | None, Meta(description="Seconds until its end, or until now; null for a lost one.")]


class ExperimentShown(_Experiment):
    """An experiment, with the caller's role on it."""

    role: Role | None
    context: Annotated[dict[str, Any], Meta(description="What made the run, as far as it was told.")]
    write_token: Annotated[
        str | UnsetType, Meta(description="Logs to this experiment alone; there for callers who may write.")
    ] = UNSET


class ConsoleKept(_Shape):
    """What became of console lines."""

    accepted: Count
    through: Annotated[int, Meta(description="The number of the writer's last line that is stored; 0 for none.")]


class ConsoleLineShown(_Shape):
    """One line that a program printed."""

    number: Annotated[int, Meta(description="Its place on this server, which grows from line to line.")]
    writer: str
    time: float
    stream: str
    text: str


class Console(_Shape):
    """Lines in the order in which they arrived."""

    items: list[ConsoleLineShown]
    next: Annotated[int | None, Meta(description="What to pass as `after` for the next page; null at the end.")]


class MetricSummary(_Shape):
    """What is known of one metric without reading its points."""

    name: str
    count: Count
    last: Number
    min: float | None
    max: float | None
    first_step: int | None
    last_step: int | None
    non_finite: Count
    writers: Count


class ExperimentItem(_Experiment):
    """An experiment of a list, with the summaries of its metrics."""

    metrics: list[MetricSummary]


class ExperimentPage(_Shape):
    """A page of experiments."""

    items: list[ExperimentItem]
    next: Annotated[str | None, Meta(description="The cursor of the next page; null at the end.")]
    total: Count


class NameCount(_Shape):
    """How many experiments have something."""

    name: str
    count: Count


class Columns(_Shape):
    """What the columns of a list can be."""

    params: list[NameCount]
    metrics: list[NameCount]
    tags: list[NameCount]


class Accepted(_Shape):
    """What became of a batch."""

    accepted: Count
    through: Annotated[int | None, Meta(description="The highest number that is stored of this writer.")]


class Seen(_Shape):
    """A sign of life."""

    writer: str
    status: Status


class WriterShown(_Shape):
    """One writer of an experiment; the one without an id stands for older clients."""

    writer: str
    status: Status
    first_seen: dt.datetime
    last_seen: dt.datetime
    through: int | None
    labels: dict[str, str]


class SeriesColumns(_Shape):
    """Columns of equal length, sorted by x; which ones there are depends on what was asked."""

    x: list[float]
    count: list[Count]
    last: list[Number] | UnsetType = UNSET
    min: list[float | None] | UnsetType = UNSET
    max: list[float | None] | UnsetType = UNSET
    mean: list[float | None] | UnsetType = UNSET
    p5: list[float | None] | UnsetType = UNSET
    p50: list[float | None] | UnsetType = UNSET
    p95: list[float | None] | UnsetType = UNSET


class OneSeries(_Shape):
    """One metric of one experiment; by a label, of its writers with one value of it, null for those without."""

    experiment: str
    name: str
    total: Count
    non_finite: Count
    columns: SeriesColumns
    group: str | UnsetType | None = UNSET


class Series(_Shape):
    """Series, and the cursor for what comes after them."""

    series: list[OneSeries]
    tick: int


# --- Workspaces -----------------------------------------------------------------------------------


class WorkspaceShown(_Shape):
    """A workspace, with the caller's role in it."""

    id: str
    name: str
    description: str | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    role: Role | None


class MemberShown(_Shape):
    """Somebody in a workspace; the id is the user's."""

    id: str
    name: str
    role: Role


class Members(_Shape):
    """The members of a workspace."""

    items: list[MemberShown]


class InvitationShown(_Shape):
    """A link by which people become members until it expires."""

    id: str
    role: Role
    created_at: dt.datetime
    expires_at: dt.datetime
    link: str


class Invitations(_Shape):
    """The invitations of a workspace."""

    items: list[InvitationShown]


class WorkspaceName(_Shape):
    """The workspace that an invitation is for."""

    id: str
    name: str


class Joining(_Shape):
    """What an invitation is for, and whether it was taken up now."""

    workspace: WorkspaceName
    role: Role
    joined: bool


class ShareShown(_Shape):
    """A link by which anybody can read one experiment."""

    id: str
    created_at: dt.datetime
    link: str


class Shares(_Shape):
    """The links to an experiment."""

    items: list[ShareShown]


# --- People and keys ------------------------------------------------------------------------------


class UserShown(_Shape):
    """A person with an account."""

    id: str
    name: str
    is_admin: bool
    disabled: bool
    has_password: bool
    created_at: dt.datetime


class UserWithLink(UserShown):
    """A person, with the one-time link by which they set a password."""

    link: str
    link_expires_at: dt.datetime


class Users(_Shape):
    """The users of a server."""

    items: list[UserShown]


class Session(_Shape):
    """Who asks, and how this server takes people in."""

    user: UserShown | None
    scope: Scope | None
    shared: list[str]
    anonymous: bool
    mode: Literal["local", "team"]
    is_local_user: bool


class SharedOnly(_Shape):
    """The experiments that a share's link lets its reader see."""

    shared: list[str]


class KeyShown(_Shape):
    """An API key, as far as it is known after it was shown once."""

    id: str
    name: str
    hint: str
    scope: Scope
    workspace_id: str | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None


class KeyMade(KeyShown):
    """A new API key, shown this once."""

    key: str


class Keys(_Shape):
    """The API keys of a user."""

    items: list[KeyShown]


class Actor(_Shape):
    """Who changed something, by the name of then."""

    id: str | None
    name: str


class AuditItem(_Shape):
    """Who changed what."""

    number: Count
    at: dt.datetime
    actor: Actor
    address: str
    action: str
    target: str
    details: dict[str, Any]


class AuditPage(_Shape):
    """A page of the audit log."""

    items: list[AuditItem]
    next: Annotated[int | None, Meta(description="What `before` is for the next page; null at the end.")]

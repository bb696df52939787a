"""Which experiments a list shows, and where its next page begins.

Pages are cut by value, not by number: the cursor holds the sort value and the id of the last
experiment shown, so that experiments that come or go in between neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa
from attrs import frozen

from tora import validation
from tora.errors import ToraValidationError
from tora.models import Experiment
from tora.server.catalog.columns import Instant
from tora.server.catalog.tables import experiment_tags, experiments

__all__ = [
    "MAX_LIMIT",
    "ExperimentFilter",
    "Page",
    "Sight",
    "check",
    "conditions",
    "count",
    "next_cursor",
    "statement",
]

MAX_LIMIT: Final = 1_000
MAX_SEARCH: Final = 1_000
MAX_IDS: Final = 1_000

SORTS: Final[Mapping[str, sa.Column[Any]]] = MappingProxyType(
    {
        "created": experiments.c.created_at,
        "updated": experiments.c.updated_at,
        "name": experiments.c.name_folded,
        "status": experiments.c.status,
    }
)


@frozen
class Sight:
    """Which experiments somebody may see: what any of these says.

    Attributes:
        workspaces: Those in these workspaces.
        creator: Those in no workspace that this user made; None for none.
        nobodys: Those in no workspace that nobody made.
        experiments: These, wherever they are.
    """

    workspaces: frozenset[str] = frozenset()
    creator: str | None = None
    nobodys: bool = False
    experiments: frozenset[str] = frozenset()


@frozen
class ExperimentFilter:
    """What a list of experiments should hold; None is no condition.

    Attributes:
        workspace: The id of a workspace.
        q: Text that the name, the id, the description or a tag contains, whatever its case.
        tag: A tag, exactly.
        status: A status, exactly.
        sort: ``created``, ``updated``, ``name`` or ``status``; with ``-`` before it, the largest first.
        limit: How many a page holds at most, 1 to 1,000.
        cursor: `Page.next` of the page before, with the same `sort`.
        archived: ``no`` leaves out what is archived, ``yes`` shows nothing else, ``all`` shows both.
        ids: Only these, at most 1,000.
        sight: Only what somebody may see; None for everything.
    """

    workspace: str | None = None
    q: str | None = None
    tag: str | None = None
    status: str | None = None
    sort: str = "-created"
    limit: int = 100
    cursor: str | None = None
    archived: Literal["no", "yes", "all"] = "no"
    ids: Sequence[str] | None = None
    sight: Sight | None = None


@frozen
class Page:
    """Some experiments, the cursor that leads to those after them (None at the end), and how many there are in all."""

    items: Sequence[Experiment]
    next: str | None
    total: int


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    sort: str
    value: str
    id: str


def statement(wanted: ExperimentFilter) -> sa.Select[Any]:
    """Return the query for one page and one row more, which tells whether another page follows.

    Raises:
        ToraValidationError: `sort`, `limit`, `q`, `ids` or `cursor` is wrong.
    """
    check(wanted)
    column, descending = _order(wanted.sort)
    key = sa.tuple_(column, experiments.c.id)
    query = sa.select(experiments).where(*conditions(wanted)).limit(wanted.limit + 1)
    if wanted.cursor is not None:
        place = sa.tuple_(*_place(wanted.cursor, wanted.sort, column))
        query = query.where(key < place if descending else key > place)
    if descending:
        return query.order_by(column.desc(), experiments.c.id.desc())
    return query.order_by(column, experiments.c.id)


def next_cursor(wanted: ExperimentFilter, last: sa.RowMapping) -> str:
    """Return the cursor for what follows a page.

    Args:
        wanted: What the page was asked with.
        last: The row of the page's last experiment.
    """
    column, _ = _order(wanted.sort)
    value = last[column.key]
    text = value.isoformat() if isinstance(value, dt.datetime) else value
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(wanted.sort, text, last["id"]))).decode()


def _order(sort: str) -> tuple[sa.Column[Any], bool]:
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        raise ToraValidationError(
            f"sort must be one of {', '.join(SORTS)}, with - before it for the largest first, "
            f"got {validation.shown(sort)}"
        )
    return column, sort.startswith("-")


def check(wanted: ExperimentFilter) -> None:
    """Refuse a page that is too long, and a search or a choice that is.

    Raises:
        ToraValidationError: `limit`, `q` or `ids` is wrong.
    """
    if not 1 <= wanted.limit <= MAX_LIMIT:
        raise ToraValidationError(f"limit must be from 1 to {MAX_LIMIT:,}, got {validation.shown(wanted.limit)}")
    if wanted.q is not None and len(wanted.q) > MAX_SEARCH:
        raise ToraValidationError(f"q may have at most {MAX_SEARCH:,} characters, got {len(wanted.q):,}")
    if wanted.ids is not None and len(wanted.ids) > MAX_IDS:
        raise ToraValidationError(f"id may be given at most {MAX_IDS:,} times, got it {len(wanted.ids):,} times")


def count(wanted: ExperimentFilter) -> sa.Select[int]:
    """Return the query for how many experiments there are on all pages together."""
    query = sa.select(sa.func.count()).select_from(experiments)
    others = list(_other_conditions(wanted))
    if others or wanted.archived == "all":
        return query.where(*conditions(wanted))
    return query.where(experiments.c.archived == sa.literal(wanted.archived == "yes"))  # an index alone answers this


def conditions(wanted: ExperimentFilter) -> Iterator[sa.ColumnElement[bool]]:
    """Yield what each experiment of the list fulfils."""
    if wanted.archived != "all":
        # An expression, lest the few values of the column be taken for a good index, and its finds be sorted.
        yield sa.func.coalesce(experiments.c.archived, sa.false()) == sa.literal(wanted.archived == "yes")
    yield from _other_conditions(wanted)


def _other_conditions(wanted: ExperimentFilter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.sight is not None:
        yield _seen_by(wanted.sight)
    if wanted.ids is not None:
        yield experiments.c.id.in_(wanted.ids)
    if wanted.workspace is not None:
        yield experiments.c.workspace_id == wanted.workspace
    if wanted.status is not None:
        yield experiments.c.status == wanted.status
    if wanted.tag is not None:
        tagged = sa.select(experiment_tags.c.experiment_id).where(experiment_tags.c.tag == wanted.tag)
        yield experiments.c.id.in_(tagged)
    if wanted.q:
        yield experiments.c.search.contains(wanted.q.casefold(), autoescape=True)


def _seen_by(sight: Sight) -> sa.ColumnElement[bool]:
    c = experiments.c
    loose = c.workspace_id.is_(None)
    ways: list[sa.ColumnElement[bool]] = []
    if sight.workspaces:
        ways.append(c.workspace_id.in_(sorted(sight.workspaces)))
    if sight.creator is not None:
        ways.append(sa.and_(loose, c.creator_id == sight.creator))
    if sight.nobodys:
        ways.append(sa.and_(loose, c.creator_id.is_(None)))
    if sight.experiments:
        ways.append(c.id.in_(sorted(sight.experiments)))
    return sa.or_(sa.false(), *ways)


def _place(cursor: str, sort: str, column: sa.Column[Any]) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[str]]:
    try:
        found = msgspec.json.decode(base64.b64decode(cursor, altchars=b"-_", validate=True), type=_Cursor)
        value = _instant(found.value) if isinstance(column.type, Instant) else found.value
    except (binascii.Error, msgspec.MsgspecError, ValueError, OverflowError) as exc:
        raise ToraValidationError(
            f"cursor must be the 'next' of an earlier page, unchanged, got {validation.shown(cursor)}"
        ) from exc
    if found.sort != sort:
        raise ToraValidationError(f"cursor belongs to a list with sort={found.sort}, it cannot go on with sort={sort}")
    return sa.literal(value, column.type), sa.literal(found.id, experiments.c.id.type)


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)

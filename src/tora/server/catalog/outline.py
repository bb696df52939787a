"""What filters and orders look at, of all experiments of a list: few columns, records only when they are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from attrs import frozen

from tora.server.catalog.page import ExperimentFilter, check, conditions
from tora.server.catalog.tables import experiment_tags, experiments
from tora.types import Status

__all__ = ["Outline", "OutlineNeeds", "Outlines", "statements"]


@frozen
class OutlineNeeds:
    """What is read besides the columns that every outline has."""

    params: bool = False
    tags: bool = False


class Outline(NamedTuple):
    """The part of one experiment that lists are filtered and sorted by; times are microseconds since 1970."""

    id: str
    name: str
    status: Status
    owner: str | None
    created: int
    updated: int
    ended: int | None
    params: Mapping[str, Any]
    tags: Sequence[str]


@frozen
class Outlines:
    """Outlines as the database told them; making records of them takes time, which is not the event loop's."""

    _rows: Sequence[Sequence[Any]]
    _tags: Sequence[Sequence[Any]]

    @property
    def ids(self) -> list[str]:
        """The ids, in no order."""
        return [row[0] for row in self._rows]

    def read(self) -> Iterator[Outline]:
        """Yield the outlines."""
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        tags: defaultdict[str, list[str]] = defaultdict(list)
        for experiment, tag in self._tags:
            tags[experiment].append(tag)
        for row in self._rows:
            *columns, params = row
            yield Outline._make((*columns, decode(params) if params else {}, tags.get(columns[0], ())))


def statements(wanted: ExperimentFilter, needs: OutlineNeeds) -> list[sa.Select[Any]]:
    """Return the query for the outlines, and the one for their tags if they are needed."""
    check(wanted)
    c = experiments.c
    # Bare numbers and text: ten thousand times and documents are not decoded on the event loop.
    times = (sa.type_coerce(column, sa.BigInteger) for column in (c.created_at, c.updated_at, c.ended_at))
    params = sa.cast(c.hyperparams, sa.Text) if needs.params else sa.null()
    found = [sa.select(c.id, c.name, c.status, c.owner_writer, *times, params).where(*conditions(wanted))]
    if needs.tags:
        ids = sa.select(c.id).where(*conditions(wanted))
        tagged = sa.select(experiment_tags.c.experiment_id, experiment_tags.c.tag)
        found.append(tagged.where(experiment_tags.c.experiment_id.in_(ids)).order_by(experiment_tags.c.place))
    return found

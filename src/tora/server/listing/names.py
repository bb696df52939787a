"""What a name in an expression, or in an order, can mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast, get_args

from tora.server.listing.tree import Field, FieldName, Param, Source, Stat, StatName

__all__ = ["FIELDS", "STATS", "meaning"]

FIELDS: Final[Sequence[str]] = get_args(FieldName)
STATS: Final[Sequence[str]] = get_args(StatName)

_QUOTED: Final = re.compile(r"`((?:[^`]|``)*)`")


def meaning(name: str) -> Sequence[Source]:
    """Return what a name can mean, first what counts first; nothing where it names nothing.

    Args:
        name: As it was written, backticks and all.
    """
    if name in FIELDS:
        return (Field(cast("FieldName", name)),)
    plain = _QUOTED.sub(lambda found: found[1].replace("``", "`"), name)
    for prefix, read in (("params.", _param), ("metrics.", _metric)):
        if plain.startswith(prefix):
            return read(plain.removeprefix(prefix))
    if not plain:
        return ()
    return (*_figure(plain), Param(plain), Stat(plain, "last"))


def _param(key: str) -> Sequence[Source]:
    return (Param(key),) if key else ()


def _metric(name: str) -> Sequence[Source]:
    return (*_figure(name), Stat(name, "last")) if name else ()


def _figure(name: str) -> Sequence[Source]:
    """Return the figure that a name ends with, as ``acc.max`` does."""
    metric, _, stat = name.rpartition(".")
    return (Stat(metric, cast("StatName", stat)),) if metric and stat in STATS else ()

"""What can go wrong in the catalog."""

from __future__ import annotations

from typing import Literal

__all__ = ["CatalogError", "CatalogFullError", "NotFoundError"]


class CatalogError(Exception):
    """The database failed; the message names it, and nothing of the call was kept."""


class CatalogFullError(CatalogError):
    """The disk is full: reads go on, changes are refused until there is room."""


class NotFoundError(LookupError):
    """The catalog has no such record.

    Attributes:
        kind: What was looked for.
        id: The id that was given.
    """

    def __init__(self, kind: Literal["experiment", "workspace"], id: str) -> None:  # noqa: A002  # the record's word
        super().__init__(f"there is no {kind} with the id {id!r}; it may have been deleted")
        self.kind = kind
        self.id = id

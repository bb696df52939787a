"""What can go wrong in the catalog."""

from __future__ import annotations

from typing import Literal, TypeAlias

from tora import validation

__all__ = [
    "CatalogError",
    "CatalogFullError",
    "ConsoleFullError",
    "Kind",
    "LastOwnerError",
    "NotFoundError",
    "TakenError",
    "UncertainError",
]

Kind: TypeAlias = Literal["experiment", "invitation", "key", "member", "share", "user", "workspace"]


class CatalogError(Exception):
    """The database failed; the message names it, and nothing of the call was kept."""


class CatalogFullError(CatalogError):
    """The disk is full: reads go on, changes are refused until there is room."""


class UncertainError(CatalogError):
    """The connection broke while a change was committed: it is kept whole or not at all, and nobody can tell which."""


class NotFoundError(LookupError):
    """The catalog has no such record.

    Attributes:
        kind: What was looked for.
        id: The id that was given.
    """

    def __init__(self, kind: Kind, id: str) -> None:  # noqa: A002  # the record's word
        super().__init__(f"there is no {kind} with the id {id!r}; it may have been deleted")
        self.kind = kind
        self.id = id


class TakenError(Exception):
    """Another record has that name or id already."""

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(f"there is a {kind} {name!r} already; choose another name")


class ConsoleFullError(Exception):
    """An experiment has as much console text as one may have."""

    def __init__(self, experiment_id: str) -> None:
        super().__init__(
            f"the console of {experiment_id!r} has the {validation.MAX_CONSOLE_BYTES:,} bytes that one may have; "
            "what is printed from here on is not kept"
        )


class LastOwnerError(Exception):
    """A workspace would be left without anybody who may manage it."""

    def __init__(self, workspace_id: str) -> None:
        super().__init__(f"the workspace {workspace_id!r} needs an owner; make somebody else one first")

"""Things as people name them: by id, by the beginning of an id, or by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from tora._async.listing import NO_METRIC, Page, pages
from tora._async.remote import path_of
from tora.cli.remote import refused
from tora.errors import ToraExperimentError, ToraValidationError, ToraWorkspaceError

if TYPE_CHECKING:
    from tora.cli.remote import Query, Remote

__all__ = ["NO_METRIC", "Listed", "all_experiments", "experiment", "one_of", "path_of", "workspace"]

NAMED: Final = 10


@frozen
class Listed:
    """Experiments of a list, and how many there are in all."""

    items: list[dict[str, Any]]
    total: int


async def experiment(server: Remote, named: str) -> dict[str, Any]:
    """Return the record of the experiment that somebody named by its id, a beginning of it, or its name.

    Raises:
        ToraExperimentError: There is none, or there are several; the message lists them.
    """
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", named):
        answer = await server.answer("GET", path_of(named))
        if answer.ok:
            return _without_token(await server.get(path_of(named)))
        if answer.status != 404:
            raise refused(answer)
    query: Query = {"q": named, "archived": "all", "metric": [NO_METRIC]}
    items = (await all_experiments(server, query)).items
    found = one_of(items, named, "experiment", "`tora ls` shows what there is")
    return _without_token(await server.get(path_of(found["id"])))


async def workspace(server: Remote, named: str) -> dict[str, Any]:
    """Return the workspace that somebody named; otherwise as `experiment`.

    Raises:
        ToraWorkspaceError: There is none, or there are several.
    """
    try:
        return one_of(
            await server.get("/workspaces"), named, "workspace", "`tora workspace list` shows those that you are in"
        )
    except ToraExperimentError as exc:
        raise ToraWorkspaceError(str(exc)) from exc


def one_of(items: Sequence[dict[str, Any]], named: str, kind: str, hint: str) -> dict[str, Any]:
    """Return the one thing whose id is, or begins with, what somebody typed, or whose name it is.

    Raises:
        ToraExperimentError: None is, or several are.
        ToraValidationError: Nothing was typed.
    """
    if not named:
        raise ToraValidationError(f"the {kind} must be named by its id or its name, got an empty text")
    for item in items:
        if item["id"] == named:
            return item
    found = [item for item in items if item["id"].startswith(named) or item["name"] == named]
    if not found:
        raise ToraExperimentError(f"there is no {kind} {named!r}; {hint}")
    if len(found) > 1:
        listed = ", ".join(f"{item['id']} ({item['name']})" for item in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise ToraExperimentError(f"{named!r} is the name of, or begins the id of, {listed}{more}; give the whole id")
    return found[0]


async def all_experiments(server: Remote, query: Query, most: int | None = None) -> Listed:
    """Return the experiments of a list, however many pages it has, at most so many."""

    async def get(part: Query) -> Page[dict[str, Any]]:
        page: Page[dict[str, Any]] = await server.get("/experiments", part, Page[dict[str, Any]])
        return page

    found: list[dict[str, Any]] = []
    total = 0
    async for page in pages(get, query, most):
        found += page.items
        total = page.total
    return Listed(found, total)


def _without_token(record: dict[str, Any]) -> dict[str, Any]:
    # It is a key, and keys are not printed by the way.
    return {name: value for name, value in record.items() if name != "writeToken"}

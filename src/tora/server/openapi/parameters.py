"""What a call takes besides its body, as the description says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from tora.fields import ID_PATTERN
from tora.server.rights import NEEDS, Right
from tora.server.shown import WRITER_HEADER

if TYPE_CHECKING:
    from tora.server.routes import Route

__all__ = ["parameters"]

_TAKEN_FROM: Final[Mapping[str, str]] = {
    "id": "The experiment's or workspace's id.",
    "share": "The id of a share, as listed.",
    "user": "A user's id.",
    "invitation": "The id of an invitation, as listed.",
    "key": "The id of an API key, as listed; not the key itself.",
}

_WRITER: Final[Mapping[str, Any]] = {
    "name": WRITER_HEADER,
    "in": "header",
    "description": "The client instance that asks, as a sign of its life.",
    "schema": {"type": "string", "pattern": ID_PATTERN},
}

_LAST_EVENT: Final[Mapping[str, Any]] = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event that was seen; what came after it is told first.",
    "schema": {"type": "string"},
}


def parameters(route: Route, components: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parameters of a call.

    Args:
        route: The call.
        components: The shapes of all bodies, queries and answers, by name.
    """
    found = [*_of_path(route.path), *_of_query(route, components)]
    if route.right is not Right.OPEN and NEEDS[route.right].subject == "experiment":
        found.append(_WRITER)
    if route.right is Right.READ and "{id}" in route.path and "text/event-stream" in route.produces:
        found.append(_LAST_EVENT)
    return found


def _of_path(path: str) -> list[Mapping[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _TAKEN_FROM.get(name, "An id."),
            "schema": {"type": "string", "pattern": ID_PATTERN},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _of_query(route: Route, components: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if route.query is None:
        return []
    shape = components[route.query.__name__]
    required = shape.get("required", ())
    return [
        _of_field(name, schema, required=name in required or bool(schema.get("minItems")))
        for name, schema in shape["properties"].items()
    ]


def _of_field(name: str, schema: Mapping[str, Any], *, required: bool) -> Mapping[str, Any]:
    plain = {key: value for key, value in schema.items() if not (key == "default" and value in (None, []))}
    # An address cannot say null: what is absent is.
    kinds = [kind for kind in plain.pop("anyOf", ()) if kind != {"type": "null"}]
    plain |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
    description = plain.pop("description", None)
    return {
        "name": name,
        "in": "query",
        **({"required": True} if required else {}),
        **({"description": description} if description else {}),
        "schema": plain,
    }

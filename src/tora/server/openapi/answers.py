"""What a call answers, as the description says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tora.server.openapi.statuses import STATUSES, refusals_of

if TYPE_CHECKING:
    from tora.server.routes import Route

__all__ = ["alternatives", "answers"]

_BINARY: Final[Mapping[str, Any]] = {"type": "string", "format": "binary"}
_FILE: Final[Mapping[str, Any]] = {
    "Content-Disposition": {"description": "What to call the file.", "required": True, "schema": {"type": "string"}}
}
_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "application/json": {"type": "object"},
    "text/plain": {"type": "string"},
    "text/csv": {"type": "string"},
    "text/event-stream": {"type": "string"},
}
_NO_FILES: Final = frozenset({"application/json", "text/event-stream", "text/plain"})


def alternatives(route: Route) -> Sequence[Any]:
    """Return the shapes that `data` of an answer can have."""
    return route.data if isinstance(route.data, tuple) else (route.data,) if route.data is not None else ()


def answers(route: Route, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    """Return every answer that a call can give, by its status.

    Args:
        route: The call.
        schemas: What the shapes look like.
    """
    good = [route.success, *(status for status in route.also if status < 400)]
    found = {str(status): _success(route, status, schemas) for status in sorted(good)}
    return found | {
        str(status): {"$ref": f"#/components/responses/{STATUSES[status].name}"} for status in refusals_of(route)
    }


def _success(route: Route, status: int, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    if route.produces:
        content = {kind: {"schema": _SCHEMAS.get(kind, _BINARY)} for kind in route.produces}
        headers = {} if _NO_FILES.issuperset(route.produces) else {"headers": _FILE}
        return {"description": "What was asked for.", "content": content, **headers}
    shapes = [schemas[shape] for shape in alternatives(route)]
    schema = {
        "type": "object",
        "required": ["status", "data"],
        "properties": {"status": {"const": status}, "data": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}},
    }
    return {"description": "What was asked for.", "content": {"application/json": {"schema": schema}}}

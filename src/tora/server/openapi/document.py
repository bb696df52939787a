"""The OpenAPI document of those routes that are part of the protocol."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tora._version import __version__
from tora.server.openapi.answers import alternatives, answers
from tora.server.openapi.parameters import parameters
from tora.server.openapi.statuses import responses
from tora.server.rights import NEEDS, Right

if TYPE_CHECKING:
    from tora.server.routes import Route

__all__ = ["document"]

_ABOUT: Final = """\
The calls of a Tora server. JSON over HTTP/1.1; an answer that succeeds holds what was asked for under `data`, a
refusal says under `error` what was wrong. Unknown fields and query parameters are refused. A GET that is answered
with JSON answers HEAD as well; other methods than those listed are refused with 405 and `Allow`. docs/protocol.md
says what all of it means.
"""

_BODIES: Final = "It may be compressed (Content-Encoding: gzip or deflate)."


def document(routes: Iterable[Route], *, cookie: str, anonymous: bool = False) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a server.

    Args:
        routes: The table of routes.
        cookie: What the cookie of a session is called.
        anonymous: Whether experiments can be read and written without a key.
    """
    calls = [route for route in routes if not route.for_people]
    queries = {route.query.__name__ for route in calls if route.query is not None}
    shapes = list(dict.fromkeys(shape for route in calls for shape in _shapes(route)))
    refs, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(shapes, refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in calls:
        operation = _operation(route, schemas, components, anonymous=anonymous)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tora", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in queries},
            "responses": responses(),
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookie,
                    "description": "Set by POST /session; over TLS it is called __Host-tora-session.",
                },
            },
        },
    }


def _shapes(route: Route) -> list[Any]:
    return [shape for shape in (route.body, route.query, *alternatives(route)) if shape is not None]


def _operation(
    route: Route, schemas: Mapping[Any, Any], components: Mapping[str, Any], *, anonymous: bool
) -> dict[str, Any]:
    module = route.handler.__module__.rpartition(".")[2]
    summary, _, more = (inspect.getdoc(route.handler) or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": f"{module}_{route.handler.__name__.strip('_')}",
        "tags": [route.path.split("/")[1]],
        "summary": summary,
        **({"description": more.strip()} if more.strip() else {}),
        "x-right": route.right.value,
        "security": _security(route.right, anonymous=anonymous),
        "parameters": parameters(route, components),
        "responses": answers(route, schemas),
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "description": _BODIES,
            "content": {"application/json": {"schema": schemas[route.body]}},
        }
    return operation


def _security(right: Right, *, anonymous: bool) -> list[dict[str, list[str]]]:
    open_to_all = right is Right.OPEN or (anonymous and NEEDS[right].subject == "experiment")
    return [*([{}] if open_to_all else []), {"key": []}, {"bearer": []}, {"session": []}]

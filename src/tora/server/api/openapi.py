"""The protocol in machine-readable form, made from the table of routes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from tora._version import __version__
from tora.server.context import OPENAPI
from tora.server.rights import Right

if TYPE_CHECKING:
    from tora.server.routes import Route

__all__ = ["document", "openapi"]


async def openapi(request: web.Request) -> web.Response:
    """Return this description."""
    return web.Response(body=request.app[OPENAPI], content_type="application/json")


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of those routes that are part of the protocol."""
    calls = [route for route in routes if not route.for_people]
    shapes = [shape for route in calls for shape in (route.body, route.query) if shape is not None]
    refs, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(shapes, refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in calls:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tora", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components | {"Failure": _FAILURE},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


_FAILURE = {
    "type": "object",
    "required": ["status", "error"],
    "properties": {
        "status": {"type": "integer"},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        },
    },
}


def _operation(route: Route, schemas: dict[type, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": (inspect.getdoc(route.handler) or "").partition("\n")[0],
        "x-right": route.right.value,
        "security": [] if route.right is Right.OPEN else [{"key": []}],
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query, components)],
        "responses": {
            str(route.success): {"description": "success"},
            "4XX": {
                "description": "refused",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}},
            },
        },
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[route.body]}},
        }
    return operation


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(query: type[msgspec.Struct] | None, components: dict[str, Any]) -> list[dict[str, Any]]:
    if query is None:
        return []
    properties = components[query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]

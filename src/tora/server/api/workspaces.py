"""Workspaces: create, list, show, change, delete."""

from __future__ import annotations

import secrets

import msgspec
from aiohttp import web

from tora import validation, wire
from tora.models import Workspace
from tora.server.answers import json_answer
from tora.server.bodies import read_json
from tora.server.context import CATALOG

__all__ = ["change", "create", "delete", "list_", "show"]


async def create(request: web.Request) -> web.Response:
    """Create a workspace."""
    body = await read_json(request, wire.NewWorkspace)
    new = Workspace(
        id=secrets.token_hex(8),
        name=validation.workspace_name(body.name),
        description=validation.workspace_description(body.description),
    )
    return json_answer(wire.workspace_to_wire(await request.app[CATALOG].create_workspace(new)), 201)


async def list_(request: web.Request) -> web.Response:
    """Return all workspaces by name."""
    return json_answer([wire.workspace_to_wire(one) for one in await request.app[CATALOG].workspaces()])


async def show(request: web.Request) -> web.Response:
    """Return one workspace."""
    return json_answer(wire.workspace_to_wire(await request.app[CATALOG].workspace(request.match_info["id"])))


async def change(request: web.Request) -> web.Response:
    """Change what the body names."""
    body = await read_json(request, wire.WorkspaceChange)
    changes: dict[str, str | None] = {}
    if body.name is not msgspec.UNSET:
        changes["name"] = validation.workspace_name(body.name)
    if body.description is not msgspec.UNSET:
        changes["description"] = validation.workspace_description(body.description)
    changed = await request.app[CATALOG].change_workspace(request.match_info["id"], **changes)
    return json_answer(wire.workspace_to_wire(changed))


async def delete(request: web.Request) -> web.Response:
    """Delete a workspace; its experiments stay, without one."""
    await request.app[CATALOG].delete_workspace(request.match_info["id"])
    return json_answer({"id": request.match_info["id"]})

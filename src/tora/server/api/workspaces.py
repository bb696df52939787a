"""Workspaces: create, list, show, change, delete."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from aiohttp import web

from tora import validation, wire
from tora.models import Workspace
from tora.server.answers import json_answer
from tora.server.audit import note
from tora.server.bodies import read_json
from tora.server.catalog.records import OWNER_ID
from tora.server.context import ACCESS, CALLER, CATALOG
from tora.server.shapes import Deleted

__all__ = ["change", "create", "delete", "list_", "show"]


async def create(request: web.Request) -> web.Response:
    """Create a workspace."""
    body = await read_json(request, wire.NewWorkspace)
    new = Workspace(
        id=secrets.token_hex(8),
        name=validation.workspace_name(body.name),
        description=validation.workspace_description(body.description),
    )
    user = request[CALLER].user
    made = await request.app[CATALOG].create_workspace(new, OWNER_ID if user is None else user.id)
    request.app[ACCESS].forget()
    await note(request, "workspace.create", made.id, name=made.name)
    return json_answer(_to_wire(request, made), 201)


async def list_(request: web.Request) -> web.Response:
    """Return the caller's workspaces by name; all of them to an administrator."""
    caller = request[CALLER]
    sight = caller.sight()
    found = await request.app[CATALOG].workspaces(None if sight is None else sight.workspaces)
    return json_answer([_to_wire(request, one) for one in found])


async def show(request: web.Request) -> web.Response:
    """Return one workspace."""
    return json_answer(_to_wire(request, await request.app[CATALOG].workspace(request.match_info["id"])))


async def change(request: web.Request) -> web.Response:
    """Change what the body names."""
    body = await read_json(request, wire.WorkspaceChange)
    changes: dict[str, str | None] = {}
    if body.name is not msgspec.UNSET:
        changes["name"] = validation.workspace_name(body.name)
    if body.description is not msgspec.UNSET:
        changes["description"] = validation.workspace_description(body.description)
    changed = await request.app[CATALOG].change_workspace(request.match_info["id"], **changes)
    await note(request, "workspace.change", changed.id, **changes)
    return json_answer(_to_wire(request, changed))


async def delete(request: web.Request) -> web.Response:
    """Delete a workspace; its experiments stay, each with who made it."""
    workspace = request.match_info["id"]
    await request.app[CATALOG].delete_workspace(workspace)
    request.app[ACCESS].forget()
    await note(request, "workspace.delete", workspace)
    return json_answer(Deleted(workspace))


def _to_wire(request: web.Request, workspace: Workspace) -> dict[str, Any]:
    """Return a workspace with the caller's role in it."""
    return wire.workspace_to_wire(workspace) | {"role": request[CALLER].role_in(workspace.id)}

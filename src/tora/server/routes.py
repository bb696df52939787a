"""Every route, who may use it, and what it takes: the one table that the router is built from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Final

import msgspec
from aiohttp import web
from attrs import frozen

from tora import wire
from tora.server import pages
from tora.server.api import (
    audit,
    events,
    experiments,
    export,
    health,
    invitations,
    keys,
    lists,
    logs,
    members,
    openapi,
    overview,
    series,
    session,
    shares,
    users,
    workspaces,
)
from tora.server.context import ACCESS, CALLER, KNOWN, PRESENCE
from tora.server.queries import NoQuery, read_query
from tora.server.rights import Right
from tora.server.shown import writer_of

__all__ = ["ROUTES", "Route", "add_routes"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@frozen
class Route:
    """One call.

    Attributes:
        right: What the caller must be allowed.
        body: What the request's body must be; None where there is none.
        query: What the request's query may be.
        success: The status of the answer when all went well.
        for_people: A page or a file of one: no part of the protocol.
    """

    method: str
    path: str
    handler: _Handler
    right: Right
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    success: int = 200
    for_people: bool = False


def _page(path: str, handler: _Handler) -> Route:
    return Route("GET", path, handler, Right.OPEN, for_people=True)


_EXPERIMENT: Final = "/experiments/{id}"
_WORKSPACE: Final = "/workspaces/{id}"

ROUTES: Final[Sequence[Route]] = (
    Route("GET", "/health", health.health, Right.OPEN),
    Route("GET", "/openapi.json", openapi.openapi, Right.OPEN),
    Route("POST", "/experiments", experiments.create, Right.CREATE, body=wire.NewExperiment, success=201),
    Route("GET", "/experiments", lists.list_, Right.READ, query=lists.ListQuery),
    Route("GET", _EXPERIMENT, experiments.show, Right.VIEW),
    Route("PATCH", _EXPERIMENT, experiments.change, Right.WRITE, body=wire.ExperimentChange),
    Route("DELETE", _EXPERIMENT, experiments.delete, Right.WRITE),
    Route("POST", f"{_EXPERIMENT}/logs/batch", logs.logs_batch, Right.APPEND, body=wire.Batch, success=201),
    Route("POST", f"{_EXPERIMENT}/metrics/batch", logs.metrics_batch, Right.APPEND, body=wire.OlderBatch, success=201),
    Route("POST", f"{_EXPERIMENT}/heartbeat", logs.heartbeat, Right.APPEND, body=wire.Heartbeat),
    Route("GET", f"{_EXPERIMENT}/metrics", series.metrics, Right.READ),
    Route("GET", f"{_EXPERIMENT}/writers", series.writers, Right.READ),
    Route("GET", f"{_EXPERIMENT}/export", export.export, Right.READ, query=export.ExportQuery),
    Route("GET", f"{_EXPERIMENT}/events", events.events, Right.READ),
    Route("GET", f"{_EXPERIMENT}/shares", shares.list_, Right.SHARE),
    Route("POST", f"{_EXPERIMENT}/shares", shares.create, Right.SHARE, success=201),
    Route("DELETE", f"{_EXPERIMENT}/shares/{{share}}", shares.delete, Right.SHARE),
    Route("GET", "/series", series.series, Right.READ, query=series.SeriesParameters),
    Route("GET", "/columns", lists.columns, Right.READ, query=lists.ColumnsQuery),
    Route("GET", "/events", overview.overview, Right.READ),
    Route("GET", "/workspaces", workspaces.list_, Right.MEMBER),
    Route("POST", "/workspaces", workspaces.create, Right.FOUND, body=wire.NewWorkspace, success=201),
    Route("GET", _WORKSPACE, workspaces.show, Right.VISIT),
    Route("PATCH", _WORKSPACE, workspaces.change, Right.MANAGE, body=wire.WorkspaceChange),
    Route("DELETE", _WORKSPACE, workspaces.delete, Right.MANAGE),
    Route("GET", f"{_WORKSPACE}/members", members.list_, Right.VISIT),
    Route("PUT", f"{_WORKSPACE}/members/{{user}}", members.set_role, Right.MANAGE, body=members.Membership),
    Route("DELETE", f"{_WORKSPACE}/members/{{user}}", members.remove, Right.VISIT),
    Route("GET", f"{_WORKSPACE}/invitations", invitations.list_, Right.MANAGE),
    Route(
        "POST",
        f"{_WORKSPACE}/invitations",
        invitations.create,
        Right.MANAGE,
        body=invitations.NewInvitation,
        success=201,
    ),
    Route("DELETE", f"{_WORKSPACE}/invitations/{{invitation}}", invitations.delete, Right.MANAGE),
    Route("POST", "/invitations", invitations.accept, Right.OPEN, body=invitations.Acceptance),
    Route("GET", "/session", session.show, Right.OPEN),
    Route("POST", "/session", session.sign_in, Right.OPEN, body=session.SignIn),
    Route("DELETE", "/session", session.sign_out, Right.OPEN),
    Route("POST", "/password", session.set_password, Right.OPEN, body=session.NewPassword),
    Route("GET", "/api-keys", keys.list_, Right.ACCOUNT),
    Route("POST", "/api-keys", keys.create, Right.ACCOUNT, body=keys.NewKey, success=201),
    Route("DELETE", "/api-keys/{key}", keys.delete, Right.ACCOUNT),
    Route("GET", "/users", users.list_, Right.ADMIN),
    Route("POST", "/users", users.create, Right.ADMIN, body=users.NewUser, success=201),
    Route("PATCH", "/users/{user}", users.change, Right.ADMIN, body=users.UserChange),
    Route("DELETE", "/users/{user}", users.delete, Right.ADMIN),
    Route("POST", "/users/{user}/link", users.link, Right.ADMIN, success=201),
    Route("GET", "/audit", audit.list_, Right.ADMIN, query=audit.AuditQuery),
    _page("/", pages.page),
    _page("/e/{id}", pages.experiment_page),
    _page("/w/{id}", pages.page),
    _page("/compare", pages.page),
    _page("/settings", pages.page),
    _page("/login", pages.page),
    _page("/welcome", pages.page),
    _page("/join", pages.page),
    _page("/shared", pages.page),
    _page("/static/{path:.+}", pages.static),
    _page("/favicon.ico", pages.favicon),
    _page("/favicon.svg", pages.favicon),
)


def add_routes(app: web.Application) -> None:
    """Build the application's router from the table."""
    for route in ROUTES:
        handler = _guarded(route)
        app.router.add_route(route.method, route.path, handler)
        if route.for_people:
            app.router.add_route("HEAD", route.path, handler)


def _guarded(route: Route) -> _Handler:
    """Return the route's handler behind its right; who may ask and names itself is alive, whatever the answer."""

    @wraps(route.handler)
    async def handler(request: web.Request) -> web.StreamResponse:
        access = request.app[ACCESS]
        request[CALLER] = caller = await access.caller(request)
        await access.check(caller, route.right, id=request.match_info.get("id"))
        if route.query is None and not route.for_people:
            read_query(request, NoQuery)
        writer = None if route.for_people else writer_of(request)
        try:
            return await route.handler(request)
        finally:
            experiment = request.match_info.get("id", "")
            if experiment in request.app[KNOWN] and (writer or route.right is Right.APPEND):
                request.app[PRESENCE].sign(experiment, writer)

    return handler

"""Every route, who may use it, and what it takes: the one table that the router is built from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, Final

import msgspec
from aiohttp import web
from attrs import frozen

from tora import wire
from tora.server import pages, shapes
from tora.server.api import (
    audit,
    console,
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
    operation,
    overview,
    series,
    session,
    shares,
    users,
    workspaces,
)
from tora.server.context import ACCESS, CALLER, KNOWN, LIMITS, PRESENCE
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
        data: What such an answer holds under ``data``; a tuple of shapes where it can be one or the other.
        produces: The content types of an answer without an envelope, in place of ``data``.
        also: Statuses that can come besides ``success`` and those that `openapi.statuses` adds by itself.
        for_people: A page or a file of one: no part of the protocol.
    """

    method: str
    path: str
    handler: _Handler
    right: Right
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    success: int = 200
    data: Any = None
    produces: tuple[str, ...] = ()
    also: tuple[int, ...] = ()
    for_people: bool = False

    @property
    def answers_head(self) -> bool:
        """Whether the head of the answer can be had alone; streams and files are not begun for that."""
        return self.for_people or (self.method == "GET" and self.data is not None)


def _page(path: str, handler: _Handler) -> Route:
    return Route("GET", path, handler, Right.OPEN, for_people=True)


_EXPERIMENT: Final = "/experiments/{id}"
_WORKSPACE: Final = "/workspaces/{id}"
_EVENTS: Final = ("text/event-stream",)

ROUTES: Final[Sequence[Route]] = (
    Route("GET", "/health", health.health, Right.OPEN, data=shapes.Health),
    Route("GET", "/openapi.json", openapi.openapi, Right.OPEN, produces=("application/json",)),
    Route(
        "POST",
        "/experiments",
        experiments.create,
        Right.CREATE,
        body=wire.NewExperiment,
        success=201,
        data=shapes.ExperimentShown,
        also=(200, 404),
    ),
    Route(
        "GET", "/experiments", lists.list_, Right.READ, query=lists.ListQuery, data=shapes.ExperimentPage, also=(404,)
    ),
    Route("GET", _EXPERIMENT, experiments.show, Right.VIEW, data=shapes.ExperimentShown),
    Route(
        "PATCH", _EXPERIMENT, experiments.change, Right.WRITE, body=wire.ExperimentChange, data=shapes.ExperimentShown
    ),
    Route("DELETE", _EXPERIMENT, experiments.delete, Right.WRITE, data=shapes.Deleted),
    Route(
        "POST",
        f"{_EXPERIMENT}/logs/batch",
        logs.logs_batch,
        Right.APPEND,
        body=wire.Batch,
        success=201,
        data=shapes.Accepted,
    ),
    Route(
        "POST",
        f"{_EXPERIMENT}/metrics/batch",
        logs.metrics_batch,
        Right.APPEND,
        body=wire.OlderBatch,
        success=201,
        data=shapes.Accepted,
    ),
    Route("POST", f"{_EXPERIMENT}/heartbeat", logs.heartbeat, Right.APPEND, body=wire.Heartbeat, data=shapes.Seen),
    Route(
        "POST",
        f"{_EXPERIMENT}/console",
        console.append,
        Right.APPEND,
        body=wire.ConsoleChunk,
        success=201,
        data=shapes.ConsoleKept,
    ),
    Route("GET", f"{_EXPERIMENT}/console", console.page, Right.READ, query=console.ConsoleQuery, data=shapes.Console),
    Route("GET", f"{_EXPERIMENT}/metrics", series.metrics, Right.READ, data=list[shapes.MetricSummary]),
    Route("GET", f"{_EXPERIMENT}/writers", series.writers, Right.READ, data=list[shapes.WriterShown]),
    Route(
        "GET",
        f"{_EXPERIMENT}/export",
        export.export,
        Right.READ,
        query=export.ExportQuery,
        produces=export.CONTENT_TYPES,
    ),
    Route("GET", f"{_EXPERIMENT}/events", events.events, Right.READ, produces=_EVENTS),
    Route("GET", f"{_EXPERIMENT}/shares", shares.list_, Right.SHARE, data=shapes.Shares),
    Route("POST", f"{_EXPERIMENT}/shares", shares.create, Right.SHARE, success=201, data=shapes.ShareShown),
    Route("DELETE", f"{_EXPERIMENT}/shares/{{share}}", shares.delete, Right.SHARE, data=shapes.Deleted),
    Route("GET", "/series", series.series, Right.READ, query=series.SeriesParameters, data=shapes.Series, also=(404,)),
    Route("GET", "/columns", lists.columns, Right.READ, query=lists.ColumnsQuery, data=shapes.Columns, also=(404,)),
    Route("GET", "/events", overview.overview, Right.READ, produces=_EVENTS),
    Route("GET", "/workspaces", workspaces.list_, Right.MEMBER, data=list[shapes.WorkspaceShown]),
    Route(
        "POST",
        "/workspaces",
        workspaces.create,
        Right.FOUND,
        body=wire.NewWorkspace,
        success=201,
        data=shapes.WorkspaceShown,
    ),
    Route("GET", _WORKSPACE, workspaces.show, Right.VISIT, data=shapes.WorkspaceShown),
    Route("PATCH", _WORKSPACE, workspaces.change, Right.MANAGE, body=wire.WorkspaceChange, data=shapes.WorkspaceShown),
    Route("DELETE", _WORKSPACE, workspaces.delete, Right.MANAGE, data=shapes.Deleted),
    Route("GET", f"{_WORKSPACE}/members", members.list_, Right.VISIT, data=shapes.Members),
    Route(
        "PUT",
        f"{_WORKSPACE}/members/{{user}}",
        members.set_role,
        Right.MANAGE,
        body=members.Membership,
        data=shapes.MemberShown,
        also=(409,),
    ),
    Route("DELETE", f"{_WORKSPACE}/members/{{user}}", members.remove, Right.VISIT, data=shapes.Deleted, also=(409,)),
    Route("GET", f"{_WORKSPACE}/invitations", invitations.list_, Right.MANAGE, data=shapes.Invitations),
    Route(
        "POST",
        f"{_WORKSPACE}/invitations",
        invitations.create,
        Right.MANAGE,
        body=invitations.NewInvitation,
        success=201,
        data=shapes.InvitationShown,
    ),
    Route("DELETE", f"{_WORKSPACE}/invitations/{{invitation}}", invitations.delete, Right.MANAGE, data=shapes.Deleted),
    Route(
        "POST",
        "/invitations",
        invitations.accept,
        Right.OPEN,
        body=invitations.Acceptance,
        data=shapes.Joining,
        also=(409,),
    ),
    Route("GET", "/session", session.show, Right.OPEN, data=shapes.Session),
    Route(
        "POST",
        "/session",
        session.sign_in,
        Right.OPEN,
        body=session.SignIn,
        data=(shapes.Session, shapes.SharedOnly),
    ),
    Route("DELETE", "/session", session.sign_out, Right.OPEN, data=shapes.Empty),
    Route(
        "POST",
        "/password",
        session.set_password,
        Right.OPEN,
        body=session.NewPassword,
        data=shapes.Session,
    ),
    Route("GET", "/api-keys", keys.list_, Right.ACCOUNT, data=shapes.Keys, also=(507,)),
    Route(
        "POST", "/api-keys", keys.create, Right.ACCOUNT, body=keys.NewKey, success=201, data=shapes.KeyMade, also=(404,)
    ),
    Route("DELETE", "/api-keys/{key}", keys.delete, Right.ACCOUNT, data=shapes.Deleted),
    Route("GET", "/users", users.list_, Right.ADMIN, data=shapes.Users),
    Route(
        "POST",
        "/users",
        users.create,
        Right.ADMIN,
        body=users.NewUser,
        success=201,
        data=shapes.UserWithLink,
        also=(409,),
    ),
    Route("PATCH", "/users/{user}", users.change, Right.ADMIN, body=users.UserChange, data=shapes.UserShown),
    Route("DELETE", "/users/{user}", users.delete, Right.ADMIN, data=shapes.Deleted),
    Route("POST", "/users/{user}/link", users.link, Right.ADMIN, success=201, data=shapes.UserWithLink),
    Route("GET", "/backup", operation.backup, Right.ADMIN, produces=("application/x-tar",), also=(409, 507)),
    Route("GET", "/metrics/prometheus", operation.prometheus, Right.OPERATE, produces=("text/plain",)),
    Route("GET", "/audit", audit.list_, Right.ADMIN, query=audit.AuditQuery, data=shapes.AuditPage),
    _page("/", pages.page),
    _page("/e/{id}", pages.experiment_page),
    _page("/mine", pages.page),
    _page("/w/{id}", pages.page),
    _page("/w/{id}/settings", pages.page),
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
        if route.answers_head:
            app.router.add_route("HEAD", route.path, handler)


def _guarded(route: Route) -> _Handler:
    """Return the route's handler behind its limit and its right; a writer that asks is alive, whatever the answer."""

    @wraps(route.handler)
    async def handler(request: web.Request) -> web.StreamResponse:
        access = request.app[ACCESS]
        request[CALLER] = caller = await access.caller(request)
        if (limits := request.app[LIMITS]) is not None and not route.for_people:
            limits.check(caller, access.proxy.origin(request), appends=route.right is Right.APPEND)
        experiment = request.match_info.get("id")
        await access.check(caller, route.right, id=experiment)
        if route.query is None and not route.for_people:
            read_query(request, NoQuery)
        writer = None if route.for_people else writer_of(request)
        appends = route.right is Right.APPEND
        if writer and experiment is not None and not appends:  # who only reads cannot make others seem alive
            appends = await access.may(caller, Right.APPEND, id=experiment)
        try:
            return await route.handler(request)
        finally:
            if appends and experiment is not None and experiment in request.app[KNOWN]:
                request.app[PRESENCE].sign(experiment, writer)

    return handler

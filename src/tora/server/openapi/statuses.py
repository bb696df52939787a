"""What a call can be refused with, and what such an answer looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from tora.server.routes import Route

__all__ = ["STATUSES", "refusals_of", "responses"]


@frozen
class Status:
    """One kind of refusal.

    Attributes:
        name: What the description calls it.
        codes: The words that programs read.
        meaning: What it says.
        retry_after: Whether the answer says when to come back; None where it may.
    """

    name: str
    codes: tuple[str, ...]
    meaning: str
    retry_after: bool | None = False


STATUSES: Final[Mapping[int, Status]] = {
    400: Status("BadRequest", ("validation", "bad_request"), "The body, the query or the request itself is wrong."),
    401: Status("Unauthorized", ("unauthorized",), "A key is needed, or what was shown is no good."),
    403: Status("Forbidden", ("forbidden", "wrong_origin"), "The caller may not; or another site's page has asked."),
    404: Status("NotFound", ("not_found",), "There is no such thing that the caller can see."),
    405: Status("MethodNotAllowed", ("method_not_allowed",), "The path takes other methods, named in Allow."),
    408: Status("Timeout", ("timeout",), "The body came too slowly; the same may be sent again."),
    409: Status(
        "Conflict",
        ("taken", "last_owner", "busy", "elsewhere"),
        "The name is taken, a workspace would have no owner, the same is being done already, or the "
        "data are in another program's care.",
        retry_after=None,
    ),
    413: Status("TooLarge", ("too_large",), "Too many bytes or metrics; send them in parts."),
    415: Status("UnsupportedMediaType", ("unsupported_media_type",), "The body is not said to be JSON."),
    417: Status("ExpectationFailed", ("bad_request",), "An Expect header asks for what is not to be had."),
    421: Status("WrongHost", ("wrong_host",), "The server does not go by that name."),
    429: Status(
        "TooMany", ("too_many_requests", "too_many_attempts"), "Too many, for now: wait as told.", retry_after=True
    ),
    500: Status("Internal", ("internal",), "The server failed; its log says why."),
    503: Status(
        "Busy", ("busy", "storage"), "Too much is under way, or the storage failed; try later.", retry_after=None
    ),
    507: Status("StorageFull", ("storage_full",), "The server's disk is full; reading goes on."),
}

_ANY: Final = frozenset({400, 401, 403, 421, 429, 500, 503})
"""Keys, hosts, origins, queries and rates are looked at whatever the call is, and keys take the storage."""

_WITH_A_BODY: Final = frozenset({408, 413, 415})


def refusals_of(route: Route) -> list[int]:
    """Return the statuses of all refusals that a call can meet."""
    found = _ANY | {status for status in route.also if status >= 400}
    if "{" in route.path:
        found |= {404}
    if route.body is not None:
        found |= _WITH_A_BODY
    if route.method != "GET":
        found |= {507}
    return sorted(found)


def responses() -> dict[str, Any]:
    """Return the refusals as components, which the calls refer to."""
    return {each.name: _response(status, each) for status, each in STATUSES.items()}


def _response(status: int, each: Status) -> dict[str, Any]:
    error = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"enum": list(each.codes)}, "message": {"type": "string", "minLength": 1}},
    }
    schema = {
        "type": "object",
        "required": ["status", "error"],
        "properties": {"status": {"const": status}, "error": error},
    }
    response: dict[str, Any] = {"description": each.meaning, "content": {"application/json": {"schema": schema}}}
    if each.retry_after is not False:
        response["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait.",
                "required": each.retry_after is True,
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    return response

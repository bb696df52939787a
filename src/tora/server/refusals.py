"""What the server says when it does not do what was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import http_exceptions, web

from tora import validation, wire
from tora.errors import ToraValidationError
from tora.server.catalog.errors import (
    CatalogError,
    CatalogFullError,
    ConsoleFullError,
    LastOwnerError,
    NotFoundError,
    TakenError,
    UncertainError,
)
from tora.server.logbook import LOG
from tora.server.metrics.base import StoreError, StoreFullError
from tora.server.requestid import REQUEST_ID

__all__ = ["Refusal", "enveloped", "unknown_experiment"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CODES: Final[Mapping[int, str]] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    417: "bad_request",
}


class Refusal(Exception):  # noqa: N818  # it is an answer, not a fault
    """An answer that is not success.

    Attributes:
        status: The HTTP status.
        code: The word that programs read.
        headers: What the answer carries besides.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}


def unknown_experiment(id: str) -> Refusal:  # noqa: A002  # the record's word
    """Return the answer to a request for an experiment that is not there."""
    return Refusal(
        404, "not_found", f"there is no experiment {id!r} here; it was deleted, or the id is another server's"
    )


@web.middleware
async def enveloped(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer with the protocol's envelope whatever goes wrong; traces stay in the log."""
    try:
        return await handler(request)
    except Exception as exc:
        refusal = _refusal(request, exc)
        if refusal is None:
            raise
        if request.writer.output_size:
            # An answer is under way: cut it, so that its reader sees that it is not whole.
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionAbortedError from exc
        return _answer(refusal)


def _refusal(request: web.Request, exc: Exception) -> Refusal | None:  # noqa: PLR0911  # a table
    match exc:
        case Refusal():
            return exc
        case ToraValidationError():
            return Refusal(400, "validation", str(exc))
        case NotFoundError():
            return Refusal(404, "not_found", str(exc))
        case TakenError():
            return Refusal(409, "taken", str(exc))
        case LastOwnerError():
            return Refusal(409, "last_owner", str(exc))
        case ConsoleFullError():
            return Refusal(413, "too_large", str(exc))
        case web.HTTPException():
            return _of_aiohttp(request, exc)
        case web.RequestPayloadError() | http_exceptions.HttpProcessingError():
            return Refusal(400, "bad_request", "the body does not decode as its Content-Encoding or chunks say")
        case ConnectionError() | TimeoutError() if _is_gone(request):
            return None  # nobody is there to be answered
        case _:
            return _of_store(request, exc)


def _of_aiohttp(request: web.Request, exc: web.HTTPException) -> Refusal | None:
    match exc:
        case web.HTTPNotFound():
            message = f"there is nothing at {validation.shown(request.path)}; GET /openapi.json lists what there is"
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(exc.allowed_methods))
            message = f"{request.path!r} does not take {exc.method}; it takes {allowed}"
        case _ if exc.status < 400:
            return None
        case _:
            message = exc.text or exc.reason
    headers = {"Allow": exc.headers["Allow"]} if "Allow" in exc.headers else {}
    return Refusal(exc.status, _CODES.get(exc.status, "bad_request"), message, headers)


def _of_store(request: web.Request, exc: Exception) -> Refusal:
    match exc:
        case StoreFullError() | CatalogFullError():
            _log(request, str(exc))
            return Refusal(
                507, "storage_full", "the server's disk is full; what was stored stays readable, send this again later"
            )
        case UncertainError():
            _log(request, str(exc))
            return Refusal(
                503, "storage", "the server's storage failed while a change was kept; look whether it was, then go on"
            )
        case StoreError() | CatalogError():
            _log(request, str(exc))
            return Refusal(
                503, "storage", "the server's storage failed; nothing of this request was kept, send it again later"
            )
        case _:
            _log(request, "a request failed", exc)
            return Refusal(
                500,
                "internal",
                f"the server failed at this; its log says why, at the request_id {request[REQUEST_ID]}",
            )


def _log(request: web.Request, message: str, exc: Exception | None = None) -> None:
    fields = {"request_id": request[REQUEST_ID], "method": request.method, "path": request.path}
    LOG.error("%s", message, exc_info=exc, extra={"fields": fields})


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _answer(refusal: Refusal) -> web.Response:
    return web.Response(
        body=wire.failure(refusal.status, refusal.code, str(refusal)),
        status=refusal.status,
        content_type="application/json",
        headers=refusal.headers,
    )

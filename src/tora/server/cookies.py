"""How browsers show who they are: two cookies that scripts cannot read and other sites cannot send."""

from __future__ import annotations

import datetime as dt
from typing import Final

from aiohttp import web
from attrs import frozen

from tora.server.proxy import Proxy

__all__ = ["Cookies", "cookie_name"]

_LONGEST: Final = 200


def cookie_name(kind: str, port: int | None, *, secure: bool) -> str:
    """Return what a cookie is called; browsers take a name with ``__Host-`` only from the host itself, over TLS."""
    if secure:
        return f"__Host-tora-{kind}"
    return f"tora-{kind}" if port is None else f"tora-{kind}-{port}"


@frozen
class Cookies:
    """The cookies of one server.

    Attributes:
        port: Browsers send a host's cookies to all its ports, so the names tell servers apart; None for servers that
            share their sessions, and may listen on different ones.
        proxy: What knows whether the browser speaks TLS.
    """

    port: int | None
    proxy: Proxy

    def session(self, request: web.Request) -> str:
        """Return the token of the browser's session; empty for none."""
        return self._read(request, "session")

    def share(self, request: web.Request) -> str:
        """Return the token of the link that the browser came by; empty for none."""
        return self._read(request, "share")

    def set_session(self, request: web.Request, response: web.StreamResponse, token: str, age: dt.timedelta) -> None:
        """Let the browser keep a session."""
        self._set(request, response, "session", token, int(age.total_seconds()))

    def set_share(self, request: web.Request, response: web.StreamResponse, token: str) -> None:
        """Let the browser keep a link until it is closed."""
        self._set(request, response, "share", token, None)

    def drop_session(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser forget its session."""
        secure = self.proxy.is_secure(request)
        response.del_cookie(self._name(request, "session"), path="/", secure=secure, httponly=True, samesite="Strict")

    def _read(self, request: web.Request, kind: str) -> str:
        value = request.cookies.get(self._name(request, kind), "")
        return value if len(value) <= _LONGEST else ""

    def _name(self, request: web.Request, kind: str) -> str:
        return cookie_name(kind, self.port, secure=self.proxy.is_secure(request))

    def _set(self, request: web.Request, response: web.StreamResponse, kind: str, token: str, age: int | None) -> None:
        response.set_cookie(
            self._name(request, kind),
            token,
            max_age=age,
            path="/",
            secure=self.proxy.is_secure(request),
            httponly=True,
            samesite="Strict",
        )

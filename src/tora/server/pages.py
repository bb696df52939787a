"""The pages for people: one shell for all addresses, and the files that it loads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from tora.server.assets import Asset, assets
from tora.server.context import ACCESS, CALLER
from tora.server.refusals import Refusal
from tora.server.rights import Right

__all__ = ["experiment_page", "favicon", "page", "static", "unknown_to_people"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Asked for again at each use, and answered with 304: a new version of Tora shows at once.
_CHECKED: Final = "no-cache"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


async def page(request: web.Request) -> web.StreamResponse:
    """Return the shell, which finds out by itself which page it is."""
    return _answer(request, assets().shell)


async def experiment_page(request: web.Request) -> web.StreamResponse:
    """Return the shell; with status 404 where the caller may know that there is no such experiment."""
    try:
        await request.app[ACCESS].check(request[CALLER], Right.READ, id=request.match_info["id"])
    except Refusal as refusal:
        # Who must sign in first is led there by the shell.
        return _answer(request, assets().shell, status=404 if refusal.status == 404 else 200)
    return _answer(request, assets().shell)


async def static(request: web.Request) -> web.StreamResponse:
    """Return one of the page's files."""
    asset, for_good = assets().find(request.match_info["path"])
    if asset is None:
        raise web.HTTPNotFound
    return _answer(request, asset, caching=_FOR_GOOD if for_good else _CHECKED)


async def favicon(request: web.Request) -> web.StreamResponse:
    """Return the icon that browsers ask for unasked."""
    return _answer(request, assets().files["favicon.svg"])


@web.middleware
async def unknown_to_people(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Return the shell with status 404 where somebody typed an address that no route has; it says so and leads on."""
    try:
        return await handler(request)
    except web.HTTPNotFound as missing:
        if request.match_info.http_exception is not missing or not _is_read_by_people(request):
            raise
        return _answer(request, assets().shell, status=missing.status)


def _is_read_by_people(request: web.Request) -> bool:
    """Tell browsers, which name HTML when they open an address, from programs, which do not."""
    accepted = ",".join(request.headers.getall(hdrs.ACCEPT, []))
    return request.method in {hdrs.METH_GET, hdrs.METH_HEAD} and "text/html" in accepted.lower()


def _answer(request: web.Request, asset: Asset, *, status: int = 200, caching: str = _CHECKED) -> web.Response:
    headers = {"Cache-Control": caching, "ETag": f'"{asset.tag}"'}
    known = request.if_none_match or ()
    if status == 200 and any(tag.value in {asset.tag, "*"} for tag in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=asset.body, status=status, headers=headers | {"Content-Type": asset.content_type})

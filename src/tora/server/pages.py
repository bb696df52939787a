"""The pages for people: one shell for all addresses, and the files that it loads."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

from tora.server.auth import Right
from tora.server.context import CALLER, KNOWN
from tora.server.refusals import Refusal

__all__ = ["experiment_page", "favicon", "page", "static"]

STATIC: Final = (Path(__file__).parent / "static").resolve()

# Python asks the operating system for these, and not every system knows them.
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


async def page(_request: web.Request) -> web.StreamResponse:
    """Return the shell, which finds out by itself which page it is."""
    return _file(STATIC / "index.html")


async def experiment_page(request: web.Request) -> web.StreamResponse:
    """Return the shell; with status 404 where the caller may know that there is no such experiment."""
    shell = _file(STATIC / "index.html")
    if request[CALLER].may(Right.READ, None):
        try:
            await request.app[KNOWN].check(request.match_info["id"])
        except Refusal as refusal:
            shell.set_status(refusal.status)
    return shell


async def static(request: web.Request) -> web.StreamResponse:
    """Return one of the page's files."""
    path = (STATIC / request.match_info["path"]).resolve() if "\0" not in request.match_info["path"] else STATIC
    if not path.is_relative_to(STATIC) or not path.is_file():
        raise web.HTTPNotFound
    return _file(path)


async def favicon(_request: web.Request) -> web.StreamResponse:
    """Return the icon that browsers ask for unasked."""
    return _file(STATIC / "favicon.svg")


def _file(path: Path) -> web.FileResponse:
    # Asked for again at each use, answered with 304: a new version of Tora shows at once.
    headers = {"Cache-Control": "no-cache"}
    kind = _TYPES.get(path.suffix)
    if kind is not None:
        headers["Content-Type"] = kind if kind.startswith(("image/", "font/")) else f"{kind}; charset=utf-8"
    return web.FileResponse(path, headers=headers)

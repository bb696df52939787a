"""The pages' files, read once and kept in memory, at addresses that change with their content.

The shell names every file below ``/static/v-DIGEST/``, where browsers may keep it for good: a page that
is opened again asks for nothing but the shell, and a new version of Tora shows at once. It also names
each module that the page will import, so that a browser asks for all of them at once and not for one
after the other, as it comes upon them.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen

__all__ = ["Asset", "Assets", "assets"]

STATIC: Final = Path(__file__).parent / "static"

_VERSION: Final = "v-"
_ENTRY: Final = "app.js"
_SHELL: Final = "index.html"
_PRELOADS: Final = b'    <script type="module"'  # before it the modules are named

# Python asks the operating system for these, and not every system knows them.
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

# What a module needs before it runs; import("...") is asked for when it is used.
_IMPORT: Final = re.compile(rb'^(?:import|export)\b[^"\';]*["\'](\.[^"\']+)["\']', re.MULTILINE)


@frozen
class Asset:
    """One file as it is sent."""

    body: bytes
    content_type: str
    tag: str


@frozen
class Assets:
    """All files by their path below ``/static/``.

    Attributes:
        version: The part of the address that stands for their content.
        shell: The one page, which names the files.
    """

    files: Mapping[str, Asset]
    version: str
    shell: Asset

    def find(self, path: str) -> tuple[Asset | None, bool]:
        """Return the file of an address, and whether the address will never mean anything else."""
        first, _, rest = path.partition("/")
        # The files of another version are no longer here; a page of that version gets those of today.
        return self.files.get(rest if first.startswith(_VERSION) else path), first == self.version


@cache
def assets() -> Assets:
    """Return the files of this version of Tora."""
    bodies = {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in _paths()}
    version = _VERSION + _digest(*(part for name, body in bodies.items() for part in (name.encode(), body)))
    files = {name: _asset(name, body) for name, body in bodies.items()}
    return Assets(files, version, _asset(_SHELL, _shell(bodies, version)))


def _paths() -> Iterator[Path]:
    return (path for path in sorted(STATIC.rglob("*")) if path.is_file())


def _asset(name: str, body: bytes) -> Asset:
    kind = _TYPES.get(posixpath.splitext(name)[1], "application/octet-stream")
    return Asset(body, kind, _digest(body))


def _digest(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:20]


def _shell(bodies: Mapping[str, bytes], version: str) -> bytes:
    links = "".join(f'    <link rel="modulepreload" href="/static/{name}">\n' for name in _modules(bodies))
    page = bodies[_SHELL].replace(_PRELOADS, links.encode() + _PRELOADS, 1)
    return page.replace(b'"/static/', f'"/static/{version}/'.encode())


def _modules(bodies: Mapping[str, bytes]) -> list[str]:
    """Return the modules that the entry imports, and those that they import, the nearest first."""
    found = [_ENTRY]
    for name in found:  # it grows meanwhile
        folder = posixpath.dirname(name)
        imported = [posixpath.normpath(posixpath.join(folder, each.decode())) for each in _IMPORT.findall(bodies[name])]
        found += [each for each in dict.fromkeys(imported) if each not in found and each in bodies]
    return found[1:]

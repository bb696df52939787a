"""Which part may import which; docs/architecture.md draws the same order."""

from __future__ import annotations

import pytest

from tests.support.source import Module, modules

# From the bottom up; a module may import those of its own row and of the rows above it in this table.
LAYERS = (
    {"tora._version", "tora.errors", "tora.forks", "tora.types"},
    {"tora.models"},
    {"tora.fields", "tora.validation", "tora.wire", "tora.config", "tora.rendezvous"},
    {"tora._async"},
    {"tora._sync"},
    {"tora", "tora.aio", "tora.api"},
    {"tora.integrations", "tora.cli", "tora.__main__"},
)
SHARED = set[str]().union(*LAYERS[:3])
CLIENT = {"tora", "tora.aio", "tora.api", "tora._async", "tora._sync", "tora.integrations", "tora.cli", "tora.__main__"}
STORAGE = "tora.server.storage"  # what the stores have in common
STORES = ("tora.server.catalog", "tora.server.metrics", STORAGE)


def _part(name: str) -> str | None:
    """Return the longest part of the table that a name of the package belongs to, None for others."""
    parts = set[str]().union(*LAYERS, {"tora.server"})
    while name and name not in parts:
        name = name.rpartition(".")[0]
    return name or None


def _parts_of(module: Module) -> set[str]:
    """Return the parts of the package that a module imports."""
    return {
        part
        for name in module.imports()
        # `from tora import X` names the module tora.X, or the face where there is no such module.
        if name.split(".")[0] == "tora" and (part := _part(name)) is not None
    }


def _layer(part: str) -> int:
    return next(depth for depth, parts in enumerate(LAYERS) if part in parts)


MODULES = pytest.mark.parametrize("module", modules().values(), ids=lambda module: module.name)


@MODULES
def test_every_module_has_its_place(module: Module) -> None:
    """A new module is in a part that the table knows, not beside them."""
    assert _part(module.name) != "tora" or module.name == "tora", f"{module.name} is in no layer of tests/house"


@MODULES
def test_layers_look_downward_only(module: Module) -> None:
    """A part imports its own layer and those below, never one above."""
    part = _part(module.name)
    assert part is not None
    if part == "tora.server":
        return  # the next test
    allowed = set[str]().union(*LAYERS[: _layer(part) + 1])
    if part in {"tora.cli", "tora.__main__"}:
        allowed |= {"tora.server"}  # `tora server` is the program that the client starts
    assert _parts_of(module) <= allowed


@MODULES
def test_the_server_never_imports_the_client(module: Module) -> None:
    """The server stands on the shared modules alone."""
    if _part(module.name) == "tora.server":
        assert _parts_of(module) <= SHARED | {"tora.server"}


@MODULES
def test_the_client_never_imports_the_server(module: Module) -> None:
    """The client starts the server as a process and speaks HTTP with it; only the command line runs it."""
    if _part(module.name) in CLIENT - {"tora.cli", "tora.__main__"}:
        assert "tora.server" not in _parts_of(module)


@MODULES
def test_stores_know_records_and_errors_not_the_web(module: Module) -> None:
    """A store can be used, and tested, without a web server around it."""
    store = next((store for store in STORES if module.name.startswith(store)), None)
    if store is None:
        return
    for name in module.imports():
        assert name.split(".")[0] != "aiohttp"
        if name.startswith("tora.server"):
            assert name.startswith((store, STORAGE)), f"{module.name} imports {name} of another part of the server"
        assert not name.startswith(("tora.wire", "tora.config", "tora.rendezvous"))


@MODULES
def test_integrations_use_the_public_api_alone(module: Module) -> None:
    """An integration is what a user could have written."""
    if _part(module.name) == "tora.integrations":
        public = {"tora", "tora.aio", "tora.api", "tora.errors", "tora.types", "tora.integrations"}
        assert _parts_of(module) <= public

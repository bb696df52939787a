"""Which part may import which; docs/architecture.md draws the same order."""

from __future__ import annotations

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
CLICKHOUSE = "tora.server.metrics.clickhouse"  # whose engine is asked over HTTP


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


# One test looks at all modules: a test for each of them would be two thousand, which take longer than what they do.


def test_every_module_has_its_place() -> None:
    """A new module is in a part that the table knows, not beside them."""
    lost = [name for name in modules() if _part(name) == "tora" and name != "tora"]
    assert lost == [], "these are in no layer of tests/house"


def test_layers_look_downward_only() -> None:
    """A part imports its own layer and those below, never one above."""
    wrong = {}
    for module in modules().values():
        part = _part(module.name)
        assert part is not None, module.name
        if part != "tora.server":  # the next test
            allowed = set[str]().union(*LAYERS[: _layer(part) + 1])
            if part in {"tora.cli", "tora.__main__"}:
                allowed |= {"tora.server"}  # `tora server` is the program that the client starts
            wrong[module.name] = _parts_of(module) - allowed
    assert _found(wrong) == {}


def test_the_server_never_imports_the_client() -> None:
    """The server stands on the shared modules alone."""
    wrong = {module.name: _parts_of(module) - SHARED - {"tora.server"} for module in _modules_of({"tora.server"})}
    assert _found(wrong) == {}


def test_the_client_never_imports_the_server() -> None:
    """The client starts the server as a process and speaks HTTP with it; only the command line runs it."""
    wrong = {
        module.name: _parts_of(module) & {"tora.server"}
        for module in _modules_of(CLIENT - {"tora.cli", "tora.__main__"})
    }
    assert _found(wrong) == {}


def test_stores_know_records_and_errors_not_the_web() -> None:
    """A store can be used, and tested, without a web server around it."""
    wrong = {}
    for module in modules().values():
        store = next((store for store in STORES if module.name.startswith(store)), None)
        if store is not None:
            wrong[module.name] = {name for name in module.imports() if not _may_store_import(store, module.name, name)}
    assert len(wrong) > len(STORES)
    assert _found(wrong) == {}


def _may_store_import(store: str, module: str, name: str) -> bool:
    if name.startswith("tora.server"):
        return name.startswith((store, STORAGE))  # not another part of the server
    if module.startswith(CLICKHOUSE) and name.startswith("aiohttp"):
        return not name.startswith("aiohttp.web")  # the client alone
    return name.split(".", maxsplit=1)[0] != "aiohttp" and not name.startswith(
        ("tora.wire", "tora.config", "tora.rendezvous")
    )


def test_integrations_use_the_public_api_alone() -> None:
    """An integration is what a user could have written."""
    public = {"tora", "tora.aio", "tora.api", "tora.errors", "tora.types", "tora.integrations"}
    wrong = {module.name: _parts_of(module) - public for module in _modules_of({"tora.integrations"})}
    assert _found(wrong) == {}


def _modules_of(parts: set[str]) -> list[Module]:
    """Return the modules of some parts, of which there must be one at least."""
    found = [module for module in modules().values() if _part(module.name) in parts]
    assert found
    return found


def _found(wrong: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the modules that import what they may not, with what that is."""
    return {name: names for name, names in wrong.items() if names}

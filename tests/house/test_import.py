"""What `import tora` costs and does."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

from tests.support.serving import clean_environment
from tests.support.source import modules

HEAVY = {"aiohttp", "aiosqlite", "alembic", "anyio", "asyncio", "attr", "duckdb", "filelock", "numpy", "pyarrow"}
HEAVY |= {"rich", "sqlalchemy", "stamina", "typer"}


def _imported(statement: str) -> set[str]:
    """Return the top-level names of all that a statement imports in a new interpreter."""
    listing = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement],
        env=clean_environment(),
        capture_output=True,
        check=True,
        text=True,
    ).stderr
    return {match[1].partition(".")[0] for match in re.finditer(r"\|\s+([\w.]+)$", listing, re.MULTILINE)}


def test_import_tora_is_light() -> None:
    """`import tora` loads none of the libraries that its calls need later."""
    # What the interpreter itself loads, for instance from a .pth file of another package, is not Tora's doing.
    assert _imported("import tora") & HEAVY == _imported("pass") & HEAVY


def test_import_tora_loads_no_server_part() -> None:
    """The server's modules are loaded by the server's process alone."""
    probe = "import sys, tora; print([name for name in sys.modules if name.startswith('tora.server')])"
    printed = subprocess.run(
        [sys.executable, "-c", probe], env=clean_environment(), capture_output=True, check=True, text=True
    ).stdout
    assert printed.strip() == "[]"


def _runs_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all below a node that runs when the module is imported: not the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in (*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)):
                yield part
                yield from _runs_at_import(part)
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from _runs_at_import(child)


def test_nothing_reads_the_environment_at_import() -> None:
    """A setting is read by the call that uses it, so that a program may set it after the import."""
    reading = {
        module.name: sorted(names)
        for module in modules().values()
        if (names := _attributes_at_import(module.tree) & {"environ", "environb", "getenv", "getenvb"})
    }
    assert reading == {}


def _attributes_at_import(tree: ast.Module) -> set[str]:
    return {node.attr for node in _runs_at_import(tree) if isinstance(node, ast.Attribute)}

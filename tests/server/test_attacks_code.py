"""How the server's code treats secrets, and what arrives."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.server.world import World
from tests.support.source import ROOT
from tora.server.routes import ROUTES

SERVER: Final = sorted((ROOT / "src" / "tora" / "server").rglob("*.py"))


def test_secrets_are_compared_in_constant_time() -> None:
    """Timing: no ``==`` and no ``in`` of the server touches a secret; what is not hashed is compared by `hmac`."""
    secret = re.compile(r"(^|_)(token|secret|password|mac|opener|hash|digest|hashed|local_key)$")
    equal = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
    found = set()
    for path in SERVER:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], equal):
                sides = [node.left, *node.comparators]
                if any(secret.search(_last_name(side)) for side in sides) and not any(map(_is_column, sides)):
                    found.add(ast.unparse(node))
    assert found == {"hashed in self._remembered", "digest in self._found"}  # digests tell nothing of their key


def test_keys_are_looked_up_by_their_hash() -> None:
    """Timing: the catalog has no column for a key, a session or a one-time link but one for its SHA-256."""
    tables = (ROOT / "src/tora/server/catalog/tables.py").read_text(encoding="utf-8")
    assert tables.count('"token_hash", sa.LargeBinary') == 3
    assert not re.findall(r'Column\("(?:key|token|session|password|cookie)"', tables)
    same = (ROOT / "src/tora/server/credentials.py").read_text(encoding="utf-8")
    assert "hmac.compare_digest" in same


def test_nothing_that_arrives_is_turned_into_objects() -> None:
    """Deserialisation: the server imports nothing that runs what it reads, and calls nothing that evaluates text."""
    bad_modules = {
        "pickle",
        "cPickle",
        "marshal",
        "shelve",
        "yaml",
        "dill",
        "cloudpickle",
        "joblib",
        "jsonpickle",
        "xml",
    }
    bad_calls = {"eval", "exec", "compile", "__import__", "execfile", "load_module"}
    found = []
    for path in SERVER:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path}: {name}" for name in modules if name.partition(".")[0] in bad_modules]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in bad_calls:
                found.append(f"{path}: {node.func.id}")
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                found.append(f"{path}: allow_pickle")
    assert not found


def test_uploads_are_json_alone(world: World) -> None:
    """Deserialisation: a pickle, YAML, XML or MessagePack for a body is no JSON and gets a 4xx, wherever it is sent."""
    bodies = (
        b"cos\nsystem\n(S'true'\ntR.",
        b"!!python/object/apply:os.system ['true']",
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
        b"\x81\xa4name\xa1a",
    )
    for route in ROUTES:
        if route.body is not None:
            for body in bodies:
                path = re.sub(r"{\w+}", "in-here", route.path)
                assert 400 <= world.ask("local", route.method, path, body).status < 500


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="casefold" | "strip" | "lower")):
            return _last_name(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _is_column(node: ast.expr) -> bool:
    """Tell ``table.c.token_hash``, of which SQLite makes a look-up in an index."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "c"

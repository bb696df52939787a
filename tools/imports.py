"""The imports that a generated module takes over from its source."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from tools.rules import Table

__all__ = ["chosen", "wrapped"]


def chosen(node: ast.stmt, missing: set[str]) -> Iterator[str]:
    """Give an import statement's parts that are missing, and strike them off."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        if name in missing:
            missing.remove(name)
            part = copy.copy(node)
            part.names = [alias]
            yield ast.unparse(part)


def wrapped(node: ast.stmt, classes: Table) -> ast.stmt:
    """Return an import of classes that have a sync one as the import of these; any other as it is."""
    if not isinstance(node, ast.ImportFrom) or node.module is None:
        return node
    names = [ast.alias(classes[alias.name]) for alias in node.names if alias.name in classes]
    return ast.ImportFrom(node.module.replace("._async", "._sync"), names, 0) if names else node

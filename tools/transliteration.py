"""The sync tests, from the async ones: the same text without ``async`` and ``await``.

Comments stay. What is marked ``@pytest.mark.async_only`` is left out.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final, cast

from tools.rules import Rules, UnmatchedError

__all__ = ["transliterate"]

ASYNC_ONLY: Final = "pytest.mark.async_only"

# What a sync test has no use for, strings and comments included.
_LEFT_OVER: Final = re.compile(
    r"\b(?:async|await|asyncio|anyio|aio(?:_\w+)?|Async\w+|\w+_nowait|__a(?:enter|exit|iter|next)__)\b"
)


def transliterate(path: PurePosixPath, text: str, rules: Rules) -> str:
    """Return the sync test module for an async one, not yet formatted.

    Args:
        path: Where the source lies in the checkout; it names the place in messages.
        text: The source.
        rules: The tables to apply.

    Raises:
        UnmatchedError: Something async is left that no rule covers.
    """
    lines = text.splitlines(keepends=True)
    for row, start, end in reversed(list(_keywords(text))):
        lines[row] = lines[row][:start] + lines[row][end:]
    for first, last in _async_only(text):
        lines[first:last] = ["\n"] * (last - first)  # as many, so that messages name the right line
    for row, line in enumerate(lines):
        lines[row] = rules.tests.substitute(line)
        if found := _LEFT_OVER.search(lines[row]):
            raise UnmatchedError(
                f"{path}:{row + 1}: no rule makes {found[0]!r} sync; mark the test @{ASYNC_ONLY}, or add to TESTS"
            )
    return "".join(lines)


def _keywords(text: str) -> Iterator[tuple[int, int, int]]:
    """Give each ``async`` and ``await`` with the blank behind it, as row, start and end."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token, following in pairwise(tokens):
        if token.type == tokenize.NAME and token.string in {"async", "await"}:
            yield token.start[0] - 1, token.start[1], following.start[1]


def _async_only(text: str) -> Iterator[tuple[int, int]]:
    """Give the rows of what is marked, decorators included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ASYNC_ONLY in map(
            ast.unparse, node.decorator_list
        ):
            yield min(decorator.lineno for decorator in node.decorator_list) - 1, cast("int", node.end_lineno)

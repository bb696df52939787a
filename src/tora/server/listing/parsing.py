"""From the text of an expression to its tree; nothing is ever evaluated as code.

either     = both { "or" both }
both       = one { "and" one }
one        = "not" one | "(" either ")" | NAME OP VALUE
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NoReturn

from tora import validation
from tora.errors import ToraValidationError
from tora.server.listing.names import meaning
from tora.server.listing.tree import All, Any, Comparison, Node, Not
from tora.server.listing.values import WrongValueError, wanted

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "parse"]

MAX_LENGTH: Final = 1_000
MAX_DEPTH: Final = 50

_BLANK: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"(?:[\w./-]+|`(?:[^`]|``)*`)+")
_OP: Final = re.compile(r"<=|>=|==|!=|[<>=~]")
_QUOTED: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_WORD: Final = re.compile(r"""[^\s()<>=!~"'`]+""")
_KEYWORDS: Final = frozenset({"and", "not", "or"})


def parse(text: str) -> Node:
    """Return the tree of an expression; of a blank one it is the tree that is always true.

    Raises:
        ToraValidationError: It is none; the message says what is wrong, and at which character.
    """
    if len(text) > MAX_LENGTH:
        raise ToraValidationError(f"filter may have at most {MAX_LENGTH:,} characters, got {len(text):,}")
    return _Reader(text).whole() if text.strip() else All(())


class _Reader:
    """One pass over a text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        """Read all there is."""
        found = self._either()
        if not self._ends():
            self._fail("expected 'and', 'or' or the end")
        return found

    def _either(self) -> Node:
        return self._joined("or", self._both, Any)

    def _both(self) -> Node:
        return self._joined("and", self._one, All)

    def _joined(self, word: str, read: Callable[[], Node], join: type[All | Any]) -> Node:
        parts = [read()]
        while self._takes_word(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"nested more than {MAX_DEPTH} deep")
        try:
            if self._takes_word("not"):
                return Not(self._one())
            return self._bracket() if self._takes("(") else self._comparison()
        finally:
            self._depth -= 1

    def _bracket(self) -> Node:
        found = self._either()
        if not self._takes(")"):
            self._fail("expected ')'")
        return found

    def _comparison(self) -> Node:
        name = self._read(_NAME, "a name")
        place = self._at
        op = self._read(_OP, "one of < <= > >= = != ~").replace("==", "=")
        sources = meaning(name)
        if not sources:
            self._fail("a name may not be empty", place - len(name))
        value, place = self._value()
        try:
            return Comparison(sources, op, wanted(sources[0], op, value))
        except WrongValueError as exc:
            self._fail(str(exc), place)

    def _value(self) -> tuple[str, int]:
        """Return a value as it was written, and where it begins."""
        self._skip_blank()
        place = self._at
        pattern = _QUOTED if self._text[place : place + 1] in {"'", '"'} else _WORD
        found = self._read(pattern, "a value; texts with other characters than letters and digits go in quotes")
        if found.casefold() in _KEYWORDS:
            self._fail("expected a value; put a text like this in quotes", place)
        return found, place

    def _read(self, pattern: re.Pattern[str], what: str) -> str:
        self._skip_blank()
        found = pattern.match(self._text, self._at)
        if found is None or (pattern is _NAME and found[0].casefold() in _KEYWORDS):
            self._fail(f"expected {what}")
        self._at = found.end()
        return found[0]

    def _takes(self, mark: str) -> bool:
        self._skip_blank()
        found = self._text.startswith(mark, self._at)
        self._at += len(mark) * found
        return found

    def _takes_word(self, word: str) -> bool:
        self._skip_blank()
        found = _NAME.match(self._text, self._at)
        if found is None or found[0].casefold() != word:
            return False
        self._at = found.end()
        return True

    def _ends(self) -> bool:
        self._skip_blank()
        return self._at == len(self._text)

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _fail(self, what: str, place: int | None = None) -> NoReturn:
        at = self._at if place is None else place
        got = validation.shown(self._text[at : at + 20]) if at < len(self._text) else "the end"
        raise ToraValidationError(f"filter: {what}, at character {at + 1}, got {got}")

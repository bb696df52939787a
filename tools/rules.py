"""What the sync API is called where the async one is called otherwise: the tables of `tools/sync.py`.

Every entry must match something in the sources, so that none outlives its use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import define, field

__all__ = ["Rules", "Table", "UnmatchedError"]


class UnmatchedError(Exception):
    """A source pattern has no rule, or a rule has no source pattern; the message says where and what to do."""


@define
class Table:
    """Replacements that know which of them were used."""

    name: str
    entries: Mapping[str, str]
    used: set[str] = field(factory=set)

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def __getitem__(self, key: str) -> str:
        self.used.add(key)
        return self.entries[key]

    def named(self, name: str) -> str:
        """Return the replacement of a name; one that has none stays."""
        return self[name] if name in self.entries else name

    def substitute(self, text: str) -> str:
        """Return a text with each entry's pattern, a regular expression, replaced, in order."""
        for pattern in self.entries:
            text, count = re.subn(pattern, self.entries[pattern], text)
            if count:
                self.used.add(pattern)
        return text

    def unused(self) -> list[str]:
        """Return the entries that matched nothing."""
        return sorted(self.entries.keys() - self.used)


# Each public class of src/tora/_async/ that the facade wraps.
CLASSES: Final = {"AsyncTora": "Tora"}

# Special methods whose sync counterpart has another name.
DUNDERS: Final = {"__aenter__": "__enter__", "__aexit__": "__exit__"}

# Special methods whose body is not a call of the same method. A pickled or copied client wraps
# a pickled or copied implementation, so what that does with its handle holds here too.
BODIES: Final = {
    "__aenter__": "RUNNER.run(self._impl.__aenter__)\nreturn self",
    "__init__": "self._impl = impl",
    "__reduce__": "return (type(self), (self._impl,))",
    "__repr__": "return repr(self._impl).replace('Async', '', 1)",
}

# In docstrings, in this order.
DOCSTRINGS: Final = {
    r"\basync with await ": "with ",
    r"\bawait ": "",
    r"\bAsyncTora\b": "Tora",
}

# In tests, in this order, after the keywords `async` and `await` have gone.
TESTS: Final = {
    r"\bAsyncTora\b": "Tora",
    r"\btora\.aio\b": "tora",
}


@define
class Rules:
    """The tables of one run."""

    classes: Table = field(factory=lambda: Table("CLASSES", CLASSES))
    dunders: Table = field(factory=lambda: Table("DUNDERS", DUNDERS))
    bodies: Table = field(factory=lambda: Table("BODIES", BODIES))
    docstrings: Table = field(factory=lambda: Table("DOCSTRINGS", DOCSTRINGS))
    tests: Table = field(factory=lambda: Table("TESTS", TESTS))

    def check_all_used(self) -> None:
        """Raise if an entry matched nothing."""
        for table in (self.classes, self.dunders, self.bodies, self.docstrings, self.tests):
            if unused := table.unused():
                raise UnmatchedError(
                    f"tools/rules.py: {table.name}[{unused[0]!r}] matches nothing in the sources any more; remove it"
                )

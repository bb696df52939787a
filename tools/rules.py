"""Where the sync API differs from the async one: the tables of ``tools/sync.py``.

Every entry must match something in the sources, so that none outlives its use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import Factory, define

__all__ = ["Rules", "Table", "UnmatchedError"]

# The modules of src/tora/_async/ that have a facade -> its docstring.
MODULES: Final = {
    "client.py": "The client of one experiment.",
    "reading.py": "Reading: experiments, their summaries, points and series, and exports.",
    "session.py": "The global API: one experiment for the whole process.",
    "workers.py": "Workers: clients of an experiment that somebody else created, and finishes.",
    "workspaces.py": "Workspaces: what groups experiments.",
}

# The classes whose instances the facade wraps -> the sync class.
CLASSES: Final = {"AsyncTora": "Tora"}

# The classes of which the facade has one instance for the process -> its name. The functions of the
# module then say what they call on it.
INSTANCES: Final = {"Session": "_SESSION"}

# The functions of the facade that do something first, in the thread that calls them -> the method of the instance.
FIRST: Final = {"setup": "watch"}

# Special methods -> their sync counterparts.
SPECIAL: Final = {"__aexit__": "__exit__"}

# Methods that are not simply passed on -> the sync method; the docstring is the source's.
METHODS: Final = {
    "__aenter__": """
        def __enter__(self) -> Self:
            RUNNER.run(self._impl.__aenter__)
            return self
    """,
    "__init__": """
        def __init__(self, impl: source.AsyncTora) -> None:
            self._impl = impl
    """,
    # What is pickled is a sync client around the pickled implementation.
    "__reduce__": """
        def __reduce__(self) -> tuple[object, ...]:
            return source.reopen_inside, (type(self), *self._impl.__reduce__()[1])
    """,
    "__repr__": """
        def __repr__(self) -> str:
            return repr(self._impl).removeprefix("Async")
    """,
}

# Patterns in docstrings -> what stands there in the sync API, in this order. A blank matches a line break too.
DOCSTRINGS: Final = {
    r"\basync with await ": "with ",
    r"\bawait ": "",
    r"\basync for ": "for ",
    r"\bAsyncTora\b": "Tora",
    # What reads has a module of its own in the sync API.
    r"\btora\.aio\.(?=(?:experiments?|metrics|points|series|export)\()": "tora.api.",
    r"\btora\.aio\.": "tora.",
    r"\bone experiment, native to asyncio\.": "one experiment.",
    r" and belongs to the event loop that opened it; metrics may be logged from any": ". It may be used from any",
    r"\bby a task of the loop\.": "in the background.",
    r"\band a task sends it\. Gives the event loop a turn .+ starve that task\.": "and is sent in the background.",
}

# Patterns in tests -> what stands there in the sync tests, in this order, once `async` and `await` are gone.
TESTS: Final = {
    r"\bAsyncTora\b": "Tora",
    r"\btora\.aio\.(?=(?:experiments?|metrics|points|series|export)\()": "tora.api.",
    r"\btora\.aio\.": "tora.",
    r"\baio_until\b": "until",
}


class UnmatchedError(Exception):
    """A source pattern has no rule, or a rule no source pattern; the message says where and what to do."""


@define
class Table:
    """Replacements that know which of them were used."""

    name: str
    entries: Mapping[str, str]
    used: set[str] = Factory(set)

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def __getitem__(self, key: str) -> str:
        self.used.add(key)
        return self.entries[key]

    def named(self, name: str) -> str:
        """Return the replacement of a name; one that has none stays."""
        return self[name] if name in self.entries else name

    def substitute(self, text: str) -> str:
        """Return a text with what each entry's regular expression matches replaced."""
        for pattern in self.entries:
            text, count = re.subn(pattern.replace(" ", r"\s+"), self.entries[pattern], text)
            if count:
                self.used.add(pattern)
        return text


@define
class Rules:
    """The tables of one run."""

    modules: Table = Factory(lambda: Table("MODULES", MODULES))
    classes: Table = Factory(lambda: Table("CLASSES", CLASSES))
    instances: Table = Factory(lambda: Table("INSTANCES", INSTANCES))
    first: Table = Factory(lambda: Table("FIRST", FIRST))
    special: Table = Factory(lambda: Table("SPECIAL", SPECIAL))
    methods: Table = Factory(lambda: Table("METHODS", METHODS))
    docstrings: Table = Factory(lambda: Table("DOCSTRINGS", DOCSTRINGS))
    tests: Table = Factory(lambda: Table("TESTS", TESTS))

    def check_all_used(self) -> None:
        """Raise if an entry matched nothing."""
        for table in (
            self.modules,
            self.classes,
            self.instances,
            self.first,
            self.special,
            self.methods,
            self.docstrings,
            self.tests,
        ):
            for entry in table.entries.keys() - table.used:
                raise UnmatchedError(f"tools/rules.py: {table.name} has {entry!r}, which matches nothing; remove it")

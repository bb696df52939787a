"""The generator of the sync API: what it writes, what it notices, and where it refuses to go on."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path, PurePosixPath

import pytest

from tools import sync
from tools.facade import facade
from tools.rules import Rules, Table, UnmatchedError
from tools.transliteration import transliterate

CLIENT = PurePosixPath("src/tora/_async/client.py")
SESSION = PurePosixPath("src/tora/_async/session.py")
TEST = PurePosixPath("tests/_async/test_client.py")

HEAD = '''
"""A module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["AsyncTora"]

LIMIT = 10


class AsyncTora:
    """A client."""

    def __init__(self, hidden: int) -> None:
        """Users call `open`."""

'''


def made_of(members: str, head: str = HEAD, *, path: PurePosixPath = CLIENT) -> str:
    """Return the facade of a class with such members."""
    source = head.lstrip() + textwrap.indent(textwrap.dedent(members), " " * 4)
    return facade(path, source, Rules())


def method(text: str, name: str) -> str:
    """Return a method of the sync class, or a function, without its docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            if ast.get_docstring(node) is not None:
                del node.body[0]
            return ast.unparse(node)
    raise AssertionError(f"there is no {name} in\n{text}")


# --- The checkout ---------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes."""
    for folder in ("src/tora/_async", "src/tora/_sync", "tests/_async", "tests/_sync"):
        shutil.copytree(sync.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(sync.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["client.py", "buffer.py", "http.py", "session.py"])
def test_any_change_of_an_async_module_is_noticed_and_named(
    checkout: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new method, private or not, anywhere in the async package makes the check fail and name the module."""
    source = checkout / "src/tora/_async" / name
    source.write_text(source.read_text("utf-8") + "\n\nasync def _new() -> None:\n    pass\n", encoding="utf-8")
    assert sync.main(["--check"], root=checkout) == 1
    assert f"src/tora/_async/{name}" in capsys.readouterr().out


def test_the_committed_files_are_current(tmp_path: Path) -> None:
    """What is committed is what the generator writes; it runs as a script, from any folder."""
    script = sync.ROOT / "tools" / "sync.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("src/tora/_async/client.py", "max_buffer_len: int = 25,", "max_buffer_len: int = 26,"),
        ("src/tora/_async/client.py", "Create an experiment and return", "Make an experiment and return"),
        ("src/tora/_async/client.py", "def buffer_size(self)", "def buffer_length(self)"),
        (
            "src/tora/_async/session.py",
            "async def flush(timeout: float | None = None)",
            "async def flush(timeout: float | None = 1)",
        ),
        ("src/tora/_async/session.py", "Return whether an experiment is set up.", "Whether an experiment is set up."),
        ("src/tora/_async/session.py", "_session().is_initialized()", "_session().is_open()"),
        ("tests/_async/test_client.py", "assert ", "assert bool() is False and "),
    ],
)
def test_a_change_of_a_source_is_noticed(
    checkout: Path, capsys: pytest.CaptureFixture[str], file: str, before: str, after: str
) -> None:
    """A changed signature, docstring, name or body makes the check fail, with the name of the file and the lines."""
    source = checkout / file
    text = source.read_text("utf-8")
    assert before in text
    source.write_text(text.replace(before, after, 1), "utf-8")
    assert sync.main(["--check"], checkout) == 1
    shown = capsys.readouterr().out
    stale = file.replace("_async", "_sync")
    assert f"{stale} is not current" in shown
    assert re.search(r"^\+[^+]", shown, re.MULTILINE)
    assert (checkout / stale).read_text("utf-8") == (sync.ROOT / stale).read_text("utf-8")


def test_writing_makes_all_current_and_stable(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing, edited and left-over generated files are put right, and a second run has nothing to do."""
    client = checkout / "src/tora/_sync/client.py"
    client.write_text(client.read_text("utf-8").replace("RUNNER.run", "RUNNER.walk"), "utf-8")
    (checkout / "src/tora/_sync/session.py").unlink()
    shutil.copy(client, checkout / "src/tora/_sync/former.py")
    assert sync.main(["--check"], checkout) == 1
    shown = capsys.readouterr().out
    for name in ("client.py is not current", "session.py is not current", "former.py has no source"):
        assert f"src/tora/_sync/{name}" in shown
    assert sync.main([], checkout) == 0
    assert sync.main(["--check"], checkout) == 0
    capsys.readouterr()
    assert sync.main([], checkout) == 0
    assert capsys.readouterr().out == ""
    assert client.read_text("utf-8") == (sync.ROOT / "src/tora/_sync/client.py").read_text("utf-8")


@pytest.mark.parametrize("folder", ["src/tora/_sync", "tests/_sync"])
def test_a_file_written_by_hand_is_named_and_kept(
    checkout: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    """The set of generated files is exact, but nobody's own work is removed."""
    stranger = checkout / folder / "mine.py"
    stranger.write_text('"""Mine."""\n', "utf-8")
    assert sync.main(["--check"], checkout) == 1
    assert sync.main([], checkout) == 1
    assert f"{folder}/mine.py was not generated" in capsys.readouterr().out
    assert stranger.exists()


def test_a_rule_that_matches_nothing_stops_the_generation(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table's entry is named once no source needs it."""
    rules = Rules()
    rules.docstrings = Table("DOCSTRINGS", {**rules.docstrings.entries, "no such words": ""})
    assert sync.main(["--check"], checkout, rules) == 2
    assert "DOCSTRINGS has 'no such words', which matches nothing" in capsys.readouterr().err


def test_generated_files_say_so() -> None:
    """The first line of each names its source and the command."""
    for path in (path for path in sync.generate(sync.ROOT, Rules()) if path.suffix == ".py"):
        first = (sync.ROOT / path).read_text("utf-8").partition("\n")[0]
        assert first.startswith(f"{sync.MARK} from {str(path).replace('_sync', '_async')};")


# --- Wrappers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name", "wrapper"),
    [
        (
            "async def send(self, a: int, b: str = 'x', *, c: float = 1.5) -> int:\n    await x\n",
            "send",
            (
                "def send(self, a: int, b: str='x', *, c: float=1.5) -> int:\n"
                "    return RUNNER.run(self._impl.send, a, b, c=c)"
            ),
        ),
        (
            "async def send(self, a: int, /, *rest: int, **named: int) -> None: ...",
            "send",
            (
                "def send(self, a: int, /, *rest: int, **named: int) -> None:\n"
                "    RUNNER.run(self._impl.send, a, *rest, **named)"
            ),
        ),
        (
            "def look(self, a: int = LIMIT) -> int: ...",
            "look",
            "def look(self, a: int=LIMIT) -> int:\n    return self._impl.look(a)",
        ),
        (
            "async def log(self, a: int, b: int = 1) -> None: ...\ndef log_nowait(self, a: int, b: int=1) -> None: ...",
            "log",
            "def log(self, a: int, b: int=1) -> None:\n    self._impl.log_nowait(a, b)",
        ),
        (
            "@classmethod\nasync def open(cls, a: int) -> AsyncTora: ...",
            "open",
            "@classmethod\ndef open(cls, a: int) -> Tora:\n    return cls(RUNNER.run(source.AsyncTora.open, a))",
        ),
        (
            "@classmethod\nasync def open(cls) -> Self: ...",
            "open",
            "@classmethod\ndef open(cls) -> Self:\n    return cls(RUNNER.run(source.AsyncTora.open))",
        ),
        (
            "async def twin(self) -> Self: ...",
            "twin",
            "def twin(self) -> Self:\n    return type(self)(RUNNER.run(self._impl.twin))",
        ),
        (
            "@staticmethod\nasync def find(a: int) -> int: ...",
            "find",
            "@staticmethod\ndef find(a: int) -> int:\n    return RUNNER.run(source.AsyncTora.find, a)",
        ),
        (
            "async def items(self, a: int) -> AsyncIterator[Mapping[str, Any]]:\n    yield {}\n",
            "items",
            "def items(self, a: int) -> Iterator[Mapping[str, Any]]:\n    return RUNNER.iterate(self._impl.items, a)",
        ),
        (
            "def items(self) -> AsyncIterator[int]: ...",
            "items",
            "def items(self) -> Iterator[int]:\n    return RUNNER.iterate(self._impl.items)",
        ),
        (
            "@property\ndef size(self) -> int: ...",
            "size",
            "@property\ndef size(self) -> int:\n    return self._impl.size",
        ),
        (
            "@size.setter\ndef size(self, value: int) -> None: ...",
            "size",
            "@size.setter\ndef size(self, value: int) -> None:\n    self._impl.size = value",
        ),
        (
            "async def __aenter__(self) -> Self: ...",
            "__enter__",
            "def __enter__(self) -> Self:\n    RUNNER.run(self._impl.__aenter__)\n    return self",
        ),
        (
            "async def __aexit__(self, kind: Any, exc: Any, trace: Any) -> None: ...",
            "__exit__",
            (
                "def __exit__(self, kind: Any, exc: Any, trace: Any) -> None:\n"
                "    RUNNER.run(self._impl.__aexit__, kind, exc, trace)"
            ),
        ),
        (
            "def __reduce__(self) -> tuple[Any, tuple[int]]: ...",
            "__reduce__",
            (
                "def __reduce__(self) -> tuple[object, ...]:\n"
                "    return (source.reopen_inside, (type(self), *self._impl.__reduce__()[1]))"
            ),
        ),
    ],
)
def test_each_kind_of_source_has_its_wrapper(source: str, name: str, wrapper: str) -> None:
    """A wrapper keeps the signature and calls its source in the one way that fits it."""
    assert method(made_of(source), name) == wrapper


def test_private_and_plain_twin_names_are_left_out() -> None:
    """The sync class has neither what is private nor a second name for what never waits."""
    made = made_of("""
        _cache: int = 1
        __slots__ = ()
        async def log(self) -> None: ...
        def log_nowait(self) -> None: ...
        async def _hidden(self) -> None: ...
    """)
    names = {node.name for node in ast.walk(ast.parse(made)) if isinstance(node, ast.FunctionDef)}
    assert names == {"__init__", "log"}


def test_only_the_names_of_signatures_are_imported() -> None:
    """Each comes from where the source has it: a module, a block for type checkers, or the source itself."""
    made = made_of("async def f(self, a: Decimal, b: Mapping[str, int] = LIMIT) -> None: ...")
    imports = [ast.unparse(node) for node in ast.parse(made).body if isinstance(node, ast.ImportFrom | ast.If)]
    assert imports == [
        "from __future__ import annotations",
        "from collections.abc import Mapping",
        "from typing import TYPE_CHECKING",
        "if TYPE_CHECKING:\n    from decimal import Decimal",
        "from tora._async.client import LIMIT",
        "from tora._async import client as source",
        "from tora._sync.runner import RUNNER",
    ]


def test_a_function_that_returns_a_client_of_another_module_returns_its_wrapper() -> None:
    """The wrapper is imported from where it is generated."""
    source = '''
"""A module."""

from tora._async.client import AsyncTora, _Hidden

__all__ = ["handle"]


async def handle(id: str) -> AsyncTora:
    """Return a client."""
'''
    made = facade(PurePosixPath("src/tora/_async/workers.py"), source, Rules())
    assert "from tora._sync.client import Tora\n" in made
    assert "_Hidden" not in made
    assert method(made, "handle") == "def handle(id: str) -> Tora:\n    return Tora(RUNNER.run(source.handle, id))"


def test_docstrings_are_kept_with_their_examples_made_sync() -> None:
    """What a docstring says stays; what it shows is plain code, and a changed paragraph has even lines."""
    made = made_of('''
        async def f(self) -> None:
            """Do it.

            Example:
                >>> async with await AsyncTora.open() as client:
                ...     await client.f()
            """
    ''')
    assert ">>> with Tora.open() as client:\n    ...     client.f()" in made


def test_what_reads_is_shown_as_the_sync_module_has_it() -> None:
    """An example that iterates is a plain loop, over the function of `tora.api`."""
    made = made_of('''
        async def f(self) -> None:
            """Do it.

            Example:
                >>> async for each in tora.aio.experiments(limit=1):
                ...     await tora.aio.points(each.id)
                >>> tora.aio.flush()
            """
    ''')
    lines = [">>> for each in tora.api.experiments(limit=1):", "...     tora.api.points(each.id)", ">>> tora.flush()"]
    assert "\n    ".join(lines) in made


SESSION_HEAD = '''
"""A module."""

from typing import Any

__all__ = ["setup", "tlog", "tlog_nowait"]


class Session:
    """A session."""


def _session() -> Session: ...


'''


def session_of(functions: str) -> str:
    """Return the facade of such functions over a session."""
    return facade(SESSION, SESSION_HEAD.lstrip() + textwrap.dedent(functions), Rules())


def test_global_functions_speak_of_one_session_for_the_process() -> None:
    """Each makes the call of its source on the process's session, through the runner where the source awaits."""
    made = session_of('''
        async def setup(name: str, size: int = 1) -> str:
            """Set up."""
            return await _session().setup(name, size=size)

        async def tlog(name: str) -> None:
            """Log."""
            await _session().tlog(name)

        def tlog_nowait(name: str) -> None:
            """Log."""
            _session().tlog_nowait(name)

        def is_open() -> bool:
            """Whether it is."""
            return _session().is_open()
    ''')
    assert "_SESSION = source.Session()" in made
    # FIRST: the end of the process is watched by the thread that sets up, not by the loop's.
    assert method(made, "setup").endswith(
        "    _SESSION.watch()\n    return RUNNER.run(_SESSION.setup, name, size=size)"
    )
    assert method(made, "tlog").endswith("_SESSION.tlog_nowait(name)")
    assert method(made, "is_open").endswith("return _SESSION.is_open()")
    assert "__all__ = ['is_open', 'setup', 'tlog']" in made


# --- What has no rule -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("async def f(self) -> Awaitable[int]: ...", "Awaitable in the signature of f"),
        ("def f(self, a: asyncio.Event) -> None: ...", "asyncio in the signature of f"),
        ("async def f(self, other: AsyncTora) -> None: ...", "AsyncTora in the signature of f"),
        ("async def f(self) -> list[AsyncTora]: ...", "AsyncTora in the signature of f"),
        ("async def f(self) -> AsyncIterator[int]: ...", "AsyncIterator in the signature of f"),
        ("async def f(self): ...", "f needs a return annotation"),
        ("async def f(self, a: Unknown) -> None: ...", "the name Unknown of a signature"),
        ("@cached\ndef f(self) -> int: ...", "the decorator cached has no rule"),
        ("@size.deleter\ndef size(self) -> None: ...", "the decorator size.deleter has no rule"),
        ("def __len__(self) -> int: ...", "__len__ has no rule"),
        ("def __del__(self) -> None: ...", "__del__ has no rule"),
        ("async def __anext__(self) -> int: ...", "__anext__ has no rule"),
        ("LIMIT = 3", "this statement in class AsyncTora has no rule"),
        ("if LIMIT:\n    pass", "this statement in class AsyncTora has no rule"),
        ("class Inner:\n    pass", "this statement in class AsyncTora has no rule"),
        ("def log_nowait(self) -> None: ...", "log_nowait must be the plain twin of a coroutine log"),
        (
            "async def log(self, a: int = 1) -> None: ...\ndef log_nowait(self, a: int) -> None: ...",
            "log_nowait must have the signature of its twin log",
        ),
        ('async def f(self) -> None:\n    """Return a coroutine."""', "'coroutine' in the docstring of f"),
        ('def f(self) -> None:\n    """Belongs to an event\n    loop."""', "in the docstring of f"),
    ],
)
def test_a_member_without_a_rule_stops_the_generation(source: str, message: str) -> None:
    """The error names the file, the line and what to do, and nothing async reaches the sync API."""
    with pytest.raises(UnmatchedError, match=re.escape(message)) as caught:
        made_of(source)
    assert re.match(r"src/tora/_async/client\.py:\d+: ", str(caught.value))


def test_an_error_names_the_line() -> None:
    """The number in the message is the line of the source."""
    line = HEAD.lstrip().count("\n") + 2
    with pytest.raises(UnmatchedError, match=rf"client\.py:{line}: f needs"):
        made_of("\nasync def f(self): ...")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("class AsyncTora:", "class AsyncTora(Base):", "class AsyncTora has bases"),
        ("class AsyncTora:", "class AsyncOther:", "class AsyncOther has no rule"),
        (
            "    def __init__(self, hidden: int)",
            "    def _init(self, hidden: int)",
            "class AsyncTora needs an __init__",
        ),
        ('["AsyncTora"]', '["AsyncTora", "LIMIT"]', "LIMIT in __all__ has no rule"),
        ('__all__ = ["AsyncTora"]', "", "the module needs an __all__"),
    ],
)
def test_a_module_without_a_rule_stops_the_generation(before: str, after: str, message: str) -> None:
    """Classes and exports that the facade would miss or get wrong are named."""
    with pytest.raises(UnmatchedError, match=re.escape(message)):
        made_of("", HEAD.replace(before, after))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x = 1\n    return await _session().f(x)", "the body of f has no rule"),
        ("return await other.f()", "the call in f has no rule"),
        ("return await _other().f()", "_other() in f has no rule"),
    ],
)
def test_a_global_function_without_a_rule_stops_the_generation(body: str, message: str) -> None:
    """A function that is more than one call on the session cannot be made over another session."""
    with pytest.raises(UnmatchedError, match=re.escape(message)):
        session_of(f"async def f() -> int:\n    {body}\n")


# --- Tests ----------------------------------------------------------------------------------------


def test_a_sync_test_is_its_source_without_the_keywords() -> None:
    """Comments, layout and strings stay as they are."""
    source = """
        from tora import AsyncTora

        async def test_it(server: str) -> None:
            \"\"\"It works.\"\"\"
            async with await AsyncTora.open(server) as client:  # a comment
                assert [x async for x in client.f(await client.g())] == [
                    await client.h(),  # another
                ]
    """
    expected = source.replace("async ", "").replace("await ", "").replace("AsyncTora", "Tora")
    assert transliterate(TEST, textwrap.dedent(source), Rules()) == textwrap.dedent(expected)


def test_what_is_async_only_is_left_out() -> None:
    """A marked test or class has no twin, and may use whatever asyncio has."""
    source = """
        @pytest.mark.parametrize("x", [1])
        @pytest.mark.async_only
        async def test_tasks(x):
            await asyncio.gather()

        @pytest.mark.async_only
        class TestLoops:
            async def test_loop(self):
                asyncio.get_running_loop()

        async def test_both():
            pass
    """
    made = transliterate(TEST, textwrap.dedent(source), Rules())
    assert made.split() == ["def", "test_both():", "pass"]


@pytest.mark.parametrize(
    "text", ["asyncio.sleep(0)", "client.log_nowait('a', 1)", "AsyncThing()", "'await it'", "# async"]
)
def test_what_is_left_async_in_a_test_stops_the_generation(text: str) -> None:
    """The error names the line and the word."""
    with pytest.raises(UnmatchedError, match=r"tests/_async/test_client\.py:3: no rule makes '"):
        transliterate(TEST, f"async def test_it():\n    pass\n    {text}\n", Rules())

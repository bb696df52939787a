"""The sync facade of an async module: thin wrappers with its signatures and docstrings.

A wrapper calls its source through the runner, or directly where the source does not wait:

    async def f           -> RUNNER.run(source.f, ...)
    async def f, f_nowait -> source.f_nowait(...), under the name f; f_nowait itself stays async-only
    async generator f     -> RUNNER.iterate(source.f, ...)
    def f, properties     -> source.f(...)
    -> AsyncTora          -> the sync class around what the source returns

In a module with a class of the table INSTANCES, functions of one statement, such as
``return await _session().f(...)``, make that call on the one instance.

Names with a leading underscore are left out. What no rule covers stops the generation.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final, cast

from attrs import Factory, define, frozen

from tools.imports import chosen, wrapped
from tools.rules import Rules, UnmatchedError

__all__ = ["facade"]

Function = ast.FunctionDef | ast.AsyncFunctionDef

NOWAIT: Final = "_nowait"
SOURCE: Final = "source"  # what a generated module calls the one that it wraps

# Types and words that have no place in a sync API.
_TYPE: Final = re.compile(r"\b(?:Async\w+|AbstractAsync\w+|Awaitable|Coroutine|asyncio|anyio|aiohttp)\b")
_WORD: Final = re.compile(
    r"\b(?:async|await|awaits|awaited|awaiting|asyncio|anyio|aio|Async\w+|coroutines?|event\s+loop)\b"
)
_ITERATOR: Final = re.compile(r"Async(?:Iterator\[(.+)\]|Iterable\[(.+)\]|Generator\[(.+), None\])")


def facade(path: PurePosixPath, text: str, rules: Rules) -> str:
    """Return the sync module for an async one, not yet formatted.

    Args:
        path: Where the source lies in the checkout, such as src/tora/_async/client.py.
        text: The source.
        rules: The tables to apply.

    Raises:
        UnmatchedError: A pattern of the source has no rule.
    """
    return _Facade(path, ast.parse(text), rules).text()


@frozen
class _Scope:
    """What the functions of one body share."""

    receiver: str  # the expression that has the wrapped names as attributes
    siblings: Mapping[str, Function]
    owner: str = ""  # the async class, where they are methods


@define
class _Facade:
    """One module on its way; it gathers what the text needs as it goes."""

    path: PurePosixPath
    tree: ast.Module
    rules: Rules
    exported: list[str] = Factory(list)
    instances: dict[str, str] = Factory(dict)  # class -> the name of its one instance
    names: set[str] = Factory(set)  # what annotations and defaults refer to

    # --- The module -------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the module."""
        self._check_all()
        body = [ast.unparse(ast.fix_missing_locations(node)) for node in self._definitions()]
        package = ".".join(self.path.parent.parts[1:])
        parts = [
            f'"""{self.rules.modules[self.path.name]}"""',
            "from __future__ import annotations",
            *self._imports(f"{package}.{self.path.stem}"),
            f"from {package} import {self.path.stem} as {SOURCE}",
            f"from {package.removesuffix('._async')}._sync.runner import RUNNER",
            f"__all__ = {sorted(self.exported)!r}",
            *(f"{name} = {SOURCE}.{owner}()" for owner, name in self.instances.items()),
            *body,
        ]
        return "\n\n".join(parts) + "\n"

    def _definitions(self) -> Iterator[ast.stmt]:
        scope = _Scope(SOURCE, _functions(self.tree.body))
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef) and _is_public(node.name):
                yield from self._class(node)
            elif isinstance(node, Function) and _is_public(node.name):
                for made in self._function(node, scope):
                    self.exported.append(made.name)
                    yield made

    def _check_all(self) -> None:
        """See that each name that the source exports has become of something."""
        exported = next((node for node in self.tree.body if "__all__" in _assigned(node)), None)
        if not isinstance(exported, ast.Assign):
            raise self._problem(self.tree.body[0], "the module needs an __all__")
        functions = _functions(self.tree.body)
        for name in ast.literal_eval(exported.value):
            if name not in functions and name not in self.rules.classes and name in _defined(self.tree.body):
                raise self._problem(exported, f"{name} in __all__ has no rule; export functions and classes of CLASSES")

    def _class(self, node: ast.ClassDef) -> Iterator[ast.ClassDef]:
        if node.name in self.rules.instances:
            self.instances[node.name] = self.rules.instances[node.name]
        elif node.name in self.rules.classes:
            yield self._wrapper(node)
        else:
            raise self._problem(
                node, f"class {node.name} has no rule; add it to CLASSES or INSTANCES, or make it private"
            )

    def _wrapper(self, node: ast.ClassDef) -> ast.ClassDef:
        scope = _Scope("self._impl", _functions(node.body), node.name)
        if node.bases:
            raise self._problem(
                node, f"class {node.name} has bases, whose methods the facade would lack; make it plain"
            )
        if "__init__" not in scope.siblings:
            raise self._problem(node, f"class {node.name} needs an __init__, which tells users how to get an instance")
        new = copy.copy(node)
        new.name = self.rules.classes[node.name]
        new.decorator_list = []  # they make the implementation
        new.body = [*self._docstring(node), *(made for member in node.body for made in self._member(member, scope))]
        self.exported.append(new.name)
        return new

    def _member(self, node: ast.stmt, scope: _Scope) -> Iterator[ast.stmt]:
        if isinstance(node, Function):
            if _is_public(node.name) or _is_special(node.name):
                yield from self._function(node, scope)
        elif not _is_docstring(node) and (not _assigned(node) or any(map(_is_public, _assigned(node)))):
            raise self._problem(
                node, f"this statement in class {scope.owner} has no rule; make it private, or a property"
            )

    # --- Functions --------------------------------------------------------------------------------

    def _function(self, node: Function, scope: _Scope) -> Iterator[ast.FunctionDef]:
        if node.name in self.rules.methods:
            yield self._given(node, self.rules.methods[node.name])
        elif _is_special(node.name) and node.name not in self.rules.special:
            raise self._problem(node, f"{node.name} has no rule; add it to SPECIAL or METHODS")
        elif node.name.endswith(NOWAIT):
            self._check_twin(node, scope)
        else:
            yield self._made(node, self._body(node, scope))

    def _made(self, node: Function, body: str) -> ast.FunctionDef:
        """Return a plain function with the signature and docstring of its source, and another body."""
        made = _parsed("def made(): pass")
        made.name = self.rules.special.named(node.name)
        made.args = node.args
        made.decorator_list = [self._decorator(decorator) for decorator in node.decorator_list]
        made.returns = self._returned(node)
        for part in (made.args, made.returns):
            if found := _TYPE.search(ast.unparse(part)):
                raise self._problem(
                    node, f"{found[0]} in the signature of {node.name} would leak into the sync API; hide it"
                )
        made.body = ast.parse(body).body
        return self._finished(made, node)

    def _given(self, node: Function, definition: str) -> ast.FunctionDef:
        return self._finished(_parsed(definition), node)

    def _finished(self, made: ast.FunctionDef, node: Function) -> ast.FunctionDef:
        made.body = [*self._docstring(node), *made.body]
        for part in (made.args, made.returns):
            self.names.update(name.id for name in ast.walk(part or made.args) if isinstance(name, ast.Name))
        return made

    def _body(self, node: Function, scope: _Scope) -> str:
        called = scope.siblings.get(node.name + NOWAIT, node)
        if self.instances:
            return self._first(node) + self._statement(node, self._call_on_instance(called))
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        if "property" in decorators:
            return f"return {scope.receiver}.{node.name}"
        if f"{node.name}.setter" in decorators:
            return f"{scope.receiver}.{node.name} = {node.args.args[1].arg}"
        on_class = not decorators.isdisjoint({"classmethod", "staticmethod"})
        receiver = f"{SOURCE}.{scope.owner}" if on_class else scope.receiver
        bound = bool(scope.owner) and "staticmethod" not in decorators
        call = _call(called, f"{receiver}.{called.name}", _passed_on(called.args, bound=bound))
        return self._statement(node, call, "cls" if "classmethod" in decorators else "")

    def _statement(self, node: Function, call: str, maker: str = "") -> str:
        returned = _text(node.returns)
        if returned == "None":
            return call
        if returned in self.rules.classes:
            return f"return {maker or self.rules.classes[returned]}({call})"
        if returned == "Self":
            return f"return {maker or 'type(self)'}({call})"
        return f"return {call}"

    def _call_on_instance(self, node: Function) -> str:
        match [statement for statement in node.body if not _is_docstring(statement)]:
            case [ast.Return(value=ast.Await(value=call))] | [ast.Expr(value=ast.Await(value=call))]:
                return "RUNNER.run({}, {})".format(*self._redirected(call, node))
            case [ast.Return(value=ast.Call() as call)] | [ast.Expr(value=ast.Call() as call)]:
                return "{}({})".format(*self._redirected(call, node))
        raise self._problem(node, f"the body of {node.name} has no rule; make it one call, as in `_session().f()`")

    def _first(self, node: Function) -> str:
        """Return what is called before, in the caller's own thread."""
        if node.name not in self.rules.first:
            return ""
        (instance,) = self.instances.values()
        return f"{instance}.{self.rules.first[node.name]}()\n"

    def _redirected(self, call: ast.expr, at: Function) -> tuple[str, str]:
        """Return what a call on the instance calls, and its arguments."""
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id=getter)), attr=method)):
                passed = ", ".join(ast.unparse(part) for part in (*call.args, *call.keywords))
                return f"{self._instance(getter, at)}.{method}", passed
        raise self._problem(
            at, f"the call in {at.name} has no rule; make it one on the instance, as in `_session().f()`"
        )

    def _instance(self, getter: str, at: Function) -> str:
        function = _functions(self.tree.body).get(getter)
        owner = _text(function.returns) if function is not None else ""
        if owner not in self.instances:
            raise self._problem(
                at, f"{getter}() in {at.name} has no rule; define it with a class of INSTANCES as its result"
            )
        return self.instances[owner]

    def _check_twin(self, node: Function, scope: _Scope) -> None:
        name = node.name.removesuffix(NOWAIT)
        twin = scope.siblings.get(name)
        if isinstance(node, ast.AsyncFunctionDef) or not isinstance(twin, ast.AsyncFunctionDef):
            raise self._problem(node, f"{node.name} must be the plain twin of a coroutine {name}")
        if _signature(node) != _signature(twin):
            raise self._problem(node, f"{node.name} must have the signature of its twin {name}: {_signature(twin)}")

    # --- Parts of a function ----------------------------------------------------------------------

    def _decorator(self, node: ast.expr) -> ast.expr:
        if not re.fullmatch(r"property|classmethod|staticmethod|\w+\.setter", ast.unparse(node)):
            raise self._problem(
                node, f"the decorator {ast.unparse(node)} has no rule; decorate a private function instead"
            )
        return node

    def _returned(self, node: Function) -> ast.expr:
        if node.returns is None:
            raise self._problem(node, f"{node.name} needs a return annotation")
        text = _text(node.returns)
        if text in self.rules.classes:
            return ast.Name(self.rules.classes[text])
        if _iterates(node) and (match := _ITERATOR.fullmatch(text)):
            return ast.parse(f"Iterator[{next(filter(None, match.groups()))}]", mode="eval").body
        return node.returns

    def _docstring(self, node: Function | ast.ClassDef) -> list[ast.stmt]:
        text = ast.get_docstring(node)
        if text is None:
            return []
        text = "\n\n".join(_refilled(part, self.rules.docstrings.substitute(part)) for part in text.split("\n\n"))
        if found := _WORD.search(text):
            raise self._problem(
                node, f"{found[0]!r} in the docstring of {node.name} is no sync word; reword or add to DOCSTRINGS"
            )
        return [ast.Expr(ast.Constant(text if "\n" not in text else f"{text}\n"))]

    # --- Imports ----------------------------------------------------------------------------------

    def _imports(self, here: str) -> Iterator[str]:
        """Give the names of the signatures as the source has them, or from the source."""
        missing = self.names - vars(builtins).keys() - {SOURCE, *self.exported}
        if "Iterator" in missing:
            missing.remove("Iterator")
            yield "from collections.abc import Iterator"
        for node in self.tree.body:
            if isinstance(node, ast.If) and _text(node.test) == "TYPE_CHECKING":
                lines = [line for inner in node.body for line in chosen(inner, missing)]
                if lines:
                    yield "from typing import TYPE_CHECKING"
                    yield textwrap.indent("\n".join(lines), " " * 4).join(("if TYPE_CHECKING:\n", ""))
            else:
                yield from chosen(wrapped(node, self.rules.classes), missing)
        for name in sorted(missing):
            if name not in _defined(self.tree.body):
                raise self._problem(
                    self.tree.body[0], f"the name {name} of a signature is neither imported nor defined here"
                )
            yield f"from {here} import {name}"

    def _problem(self, node: ast.stmt | ast.expr, problem: str) -> UnmatchedError:
        return UnmatchedError(f"{self.path}:{node.lineno}: {problem}")


def _defined(body: Iterable[ast.stmt]) -> set[str]:
    names = {node.name for node in body if isinstance(node, ast.ClassDef)}
    return names.union(*map(_assigned, body))


def _assigned(node: ast.stmt) -> set[str]:
    """Return the plain names that a statement assigns."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _refilled(before: str, paragraph: str) -> str:
    """Return a paragraph with even lines again, if it was changed and is plain text."""
    if paragraph == before or re.search(r"\n |>>>", paragraph):
        return paragraph
    return textwrap.fill(paragraph, width=100)


def _call(called: Function, target: str, passed: list[str]) -> str:
    if _iterates(called):
        return f"RUNNER.iterate({', '.join([target, *passed])})"
    if isinstance(called, ast.AsyncFunctionDef):
        return f"RUNNER.run({', '.join([target, *passed])})"
    return f"{target}({', '.join(passed)})"


def _passed_on(args: ast.arguments, *, bound: bool) -> list[str]:
    """Return the arguments of a call that passes all parameters on; a bound method's first is not one."""
    passed = [arg.arg for arg in (*args.posonlyargs, *args.args)][bound:]
    if args.vararg:
        passed.append(f"*{args.vararg.arg}")
    passed.extend(f"{arg.arg}={arg.arg}" for arg in args.kwonlyargs)
    if args.kwarg:
        passed.append(f"**{args.kwarg.arg}")
    return passed


def _iterates(node: Function) -> bool:
    if isinstance(node, ast.AsyncFunctionDef):
        return any(isinstance(part, ast.Yield) for part in ast.walk(node))
    return _ITERATOR.fullmatch(_text(node.returns)) is not None


def _parsed(definition: str) -> ast.FunctionDef:
    return cast("ast.FunctionDef", ast.parse(textwrap.dedent(definition)).body[0])


def _functions(body: Iterable[ast.stmt]) -> dict[str, Function]:
    return {node.name: node for node in body if isinstance(node, Function)}


def _signature(node: Function) -> str:
    return f"({ast.unparse(node.args)}) -> {_text(node.returns)}"


def _text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

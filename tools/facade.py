"""The sync facade of an async module: thin wrappers with its signatures and docstrings.

A wrapper calls its source through the runner, or directly where the source does not wait:

    async def f           -> RUNNER.run(source, ...)
    async def f, f_nowait -> f_nowait(...), under the name f; f_nowait itself is async-only
    async generator f     -> RUNNER.iterate(source, ...)
    def f, properties     -> source(...)
    -> AsyncTora          -> the sync class around what the source returns

A class in the table CLASSES becomes a sync class around an instance of it; a class in INSTANCES
becomes module-level functions over one instance of it for the process. Names with a leading
underscore are left out. What no rule covers stops the generation.
"""

from __future__ import annotations

import ast
import copy
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final, NoReturn, cast

from attrs import Factory, define, frozen

from tools.rules import Rules, UnmatchedError

__all__ = ["facade"]

Function = ast.FunctionDef | ast.AsyncFunctionDef

NOWAIT: Final = "_nowait"
SOURCE: Final = "source"  # what a generated module calls the one that it wraps

# Types and words that have no place in a sync API.
_TYPE: Final = re.compile(r"\b(?:Async\w+|AbstractAsync\w+|Awaitable|Coroutine|asyncio|anyio|aiohttp)\b")
_WORD: Final = re.compile(r"\b(?:async|await|awaits|awaited|awaiting|asyncio|anyio|Async\w+|coroutines?)\b")
_ITERATOR: Final = re.compile(r"Async(?:Iterator\[(.+)\]|Iterable\[(.+)\]|Generator\[(.+), None\])", re.DOTALL)


def facade(path: PurePosixPath, text: str, rules: Rules) -> str:
    """Return the sync module for an async one, not yet formatted.

    Args:
        path: Where the source lies in the checkout; it names the module, and the place in messages.
        text: The source.
        rules: The tables to apply.

    Raises:
        UnmatchedError: A pattern of the source has no rule.
    """
    return _Facade(path, ast.parse(text), rules).module()


@frozen
class _Scope:
    """What the functions of one body share."""

    receiver: str  # the expression that has the wrapped names as attributes
    siblings: Mapping[str, Function]
    made: str = ""  # the sync class, where functions return their own class
    depth: int = 0


@define
class _Facade:
    """One module on its way; gathers what the generated text needs as it goes."""

    path: PurePosixPath
    tree: ast.Module
    rules: Rules
    exported: list[str] = Factory(list)
    instances: list[str] = Factory(list)
    names: set[str] = Factory(set)  # what annotations and defaults refer to

    # --- The module -------------------------------------------------------------------------------

    def module(self) -> str:
        """Return the module's text."""
        body = [ast.unparse(ast.fix_missing_locations(node)) for node in self._definitions()]
        package, here = self.path.parent, ".".join(self.path.with_suffix("").parts[1:])
        head = [
            ast.unparse(_docstring(self._doc(self.tree, self.tree, 0))),
            *self._imports(here),
            f"from {'.'.join(package.parts[1:])} import {self.path.stem} as {SOURCE}",
            f"from {'.'.join(package.parent.parts[1:])}._sync.runner import RUNNER",
            f"__all__ = {sorted(self.exported)!r}",
            *self.instances,
        ]
        return "\n\n".join([*head, *body]) + "\n"

    def _definitions(self) -> Iterator[ast.stmt]:
        scope = _Scope(SOURCE, _functions(self.tree.body))
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef) and node.name in self.rules.classes:
                yield self._class(node)
            elif isinstance(node, ast.ClassDef) and node.name in self.rules.instances:
                yield from self._instance(node)
            elif isinstance(node, ast.ClassDef) and _is_public(node.name):
                self._stop(node, f"class {node.name} has no rule; put it into CLASSES or INSTANCES, or make it private")
            elif isinstance(node, Function) and _is_public(node.name):
                yield from self._exported(node, scope)

    def _exported(self, node: Function, scope: _Scope) -> Iterator[ast.stmt]:
        for function in self._function(node, scope):
            self.exported.append(function.name)
            yield function

    def _class(self, node: ast.ClassDef) -> ast.ClassDef:
        if node.bases or node.keywords:
            self._stop(node, f"class {node.name} has bases, whose methods the facade would miss; make it plain")
        name = self.rules.classes[node.name]
        self.exported.append(name)
        scope = _Scope("self._impl", _functions(node.body), name, depth=1)
        members = [made for member in node.body for made in self._member(member, scope, node)]
        if "__init__" not in scope.siblings:
            self._stop(node, f"class {node.name} has no __init__ for the facade's to be made from; write one")
        new = copy.copy(node)
        new.name = name
        new.decorator_list = []  # how the implementation is made
        new.body = [_docstring(self._doc(node, node, 1)), *members]
        return new

    def _instance(self, node: ast.ClassDef) -> Iterator[ast.stmt]:
        name = self.rules.instances[node.name]
        self.instances.append(f"{name} = {SOURCE}.{node.name}()")
        scope = _Scope(name, _functions(node.body))
        for member in node.body:
            if isinstance(member, Function) and _is_public(member.name):
                yield from self._exported(member, scope)

    def _member(self, node: ast.stmt, scope: _Scope, owner: ast.ClassDef) -> Sequence[ast.stmt]:
        if isinstance(node, Function):
            return list(self._method(node, scope, owner))
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if all(isinstance(target, ast.Name) and target.id.startswith("_") for target in targets):
            return []  # a private attribute, or a declaration for the interpreter, such as __slots__
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return []  # the docstring
        self._stop(node, f"this statement in class {owner.name} has no rule; make it private, or a property")

    # --- Functions --------------------------------------------------------------------------------

    def _method(self, node: Function, scope: _Scope, owner: ast.ClassDef) -> Iterator[ast.FunctionDef]:
        if node.name in self.rules.bodies:
            yield self._special(node, scope, owner)
        elif node.name in self.rules.dunders or _is_public(node.name):
            yield from self._function(node, scope)
        elif node.name.startswith("__"):
            self._stop(node, f"{node.name} has no rule; add one to DUNDERS or BODIES")

    def _special(self, node: Function, scope: _Scope, owner: ast.ClassDef) -> ast.FunctionDef:
        body = self.rules.bodies[node.name]
        made = self._signed(node, scope, body)
        if node.name == "__init__":
            made.args = _arguments(f"self, impl: {SOURCE}.{owner.name}")
        return made

    def _function(self, node: Function, scope: _Scope) -> Iterator[ast.FunctionDef]:
        if node.name in self.rules.async_only:
            self.rules.async_only.use(node.name)
        elif not node.name.endswith(NOWAIT):
            yield self._signed(node, scope, self._body(node, scope))
        elif node.name.removesuffix(NOWAIT) not in scope.siblings:
            self._stop(node, f"{node.name} is the plain twin of nothing; write `async def {node.name[: -len(NOWAIT)]}`")

    def _signed(self, node: Function, scope: _Scope, body: str) -> ast.FunctionDef:
        """Return a plain function with the signature and docstring of its source, and another body."""
        new = cast("ast.FunctionDef", ast.parse(f"def f():\n{textwrap.indent(body, ' ' * 4)}").body[0])
        new.name = self.rules.dunders.named(node.name)
        new.args = copy.deepcopy(node.args)
        if scope.depth == 0 and scope.receiver != SOURCE:
            del new.args.args[0]  # self: what was a method is a function
        new.decorator_list = [self._decorator(node, decorator) for decorator in node.decorator_list]
        new.returns = self._returned(node)
        new.body = [_docstring(self._doc(node, node, scope.depth + 1)), *new.body] if ast.get_docstring(node) else new.body
        for argument in ast.walk(new.args):
            if isinstance(argument, ast.arg) and argument.annotation is not None:
                self._refuse_async_types(argument.annotation)
        if node.name != "__init__":
            self._need(new.args, *filter(None, [new.returns]))
        return new

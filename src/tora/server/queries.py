"""The part of an address after the question mark, as a record."""

from __future__ import annotations

from typing import Any, TypeVar, get_origin, get_type_hints

import msgspec
from aiohttp import web

from tora.errors import ToraValidationError

__all__ = ["NoQuery", "read_query"]

T = TypeVar("T", bound=msgspec.Struct)


class NoQuery(msgspec.Struct):
    """The query of a call that takes none."""


def read_query(request: web.Request, shape: type[T]) -> T:
    """Return the request's query; a field of type list takes a repeated parameter.

    Raises:
        ToraValidationError: A parameter is unknown, repeated without leave, or of a wrong type.
    """
    lists = {name for name, hint in get_type_hints(shape).items() if get_origin(hint) is list}
    known = {field.encode_name: field.name in lists for field in msgspec.structs.fields(shape)}
    found: dict[str, Any] = {}
    for name in request.query:
        if name not in known:
            there_is = f"known are {', '.join(sorted(known))}" if known else "this call takes none"
            raise ToraValidationError(f"unknown query parameter {name!r}; {there_is}")
        values = request.query.getall(name)
        if not known[name] and len(values) > 1:
            raise ToraValidationError(f"{name} may be given once, got it {len(values)} times")
        found[name] = values if known[name] else values[0]
    try:
        read = msgspec.convert(found, shape, strict=False)
    except msgspec.ValidationError as exc:
        raise ToraValidationError(_field_first(str(exc))) from exc
    for field in msgspec.structs.fields(shape):
        # msgspec reads the word null as nothing, and nothing is said by saying nothing.
        if field.encode_name in found and getattr(read, field.name) is None:
            raise ToraValidationError(f"{field.encode_name} must not be null; leave it out")
    return read


def _field_first(message: str) -> str:
    problem, _, place = message.partition(" - at `$.")
    return f"{place.rstrip('`')}: {problem}" if place else problem

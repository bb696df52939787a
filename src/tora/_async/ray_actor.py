"""Which Ray actor this process is, asked of Ray where the program has loaded it."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import Any, Final

__all__ = ["ray_actor"]

_HANDLE: Final = re.compile(r"Actor\((?:.*\.)?(\w+),")
_SHORT: Final = 8  # of an actor's id, whose first 24 characters are random


def ray_actor() -> str | None:
    """Return the actor's name, else its class and the beginning of its id; None where the process is no actor."""
    ray = sys.modules.get("ray")
    # Whatever Ray says of itself, a metric is logged.
    with contextlib.suppress(Exception):
        if ray is not None and ray.is_initialized():
            return _name(ray.get_runtime_context())
    return None


def _name(context: Any) -> str | None:
    actor = context.get_actor_id()
    if actor is None:
        return None
    return context.get_actor_name() or f"{_class(context)}-{actor[:_SHORT]}"


def _class(context: Any) -> str:
    """Return the class of the actor, which Ray tells in the text that stands for it: ``Actor(Sampler, 0123)``."""
    told = _HANDLE.match(repr(context.current_actor))
    return told[1] if told else "actor"

"""What a client imports at its first use, in as little time as that can be done.

When aiohttp is imported it reads the system's certificates, twice: a quarter of a client's whole start, in
which the interpreter is free. Another thread imports the rest meanwhile, and not before: two threads
that import side by side only take turns.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from importlib import import_module
from typing import Final

__all__ = ["load", "load_delivery"]

_CERTIFICATES: Final = "aiohttp.connector"
"""The module that reads them."""

_REST: Final = ("anyio._backends._asyncio", "tenacity", "filelock")
"""What takes longest of the rest and needs no aiohttp."""

_PATIENCE: Final = 1.0


def load() -> None:
    """Import aiohttp and what takes longest besides; the caller holds `tora.forks.no_fork`."""
    if "aiohttp" in sys.modules:
        return
    rest = threading.Thread(target=_load_the_rest, name="tora-imports", daemon=True)
    try:
        rest.start()
    except RuntimeError:  # the interpreter is ending; whoever needs a module imports it
        return
    import_module("aiohttp")
    rest.join()


def load_delivery() -> None:
    """Import all that delivering takes, so that no first metric waits for it; the caller holds `tora.forks.no_fork`."""
    load()
    for name in ("tora._async.delivery", *_REST):  # where aiohttp was there already, `load` left the rest
        import_module(name)


def _load_the_rest() -> None:
    end = time.monotonic() + _PATIENCE
    while _CERTIFICATES not in sys.modules and time.monotonic() < end:
        time.sleep(0.001)
    for name in _REST:
        with contextlib.suppress(ImportError):  # whoever needs it says so, and better
            import_module(name)

"""Tora: an experiment tracker built for speed and simplicity.

    import tora
    tora.setup("my-experiment", hyperparams={"lr": 1e-3})
    tora.tlog("loss", 0.5, step=1)

Logging never waits for the network, and what it accepted is never lost.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from tora._version import __version__
from tora.forks import no_fork

if TYPE_CHECKING:
    from tora import aio, api, errors, models, types
    from tora._async.client import AsyncTora
    from tora._sync.client import Tora
    from tora._sync.session import (
        flush,
        get_experiment_id,
        get_experiment_url,
        is_initialized,
        setup,
        shutdown,
        tlog,
    )
    from tora._sync.workers import handle
    from tora._sync.workspaces import create_workspace
    from tora.errors import (
        ToraAPIError,
        ToraAuthenticationError,
        ToraConfigurationError,
        ToraError,
        ToraExperimentError,
        ToraMetricError,
        ToraNetworkError,
        ToraTimeoutError,
        ToraValidationError,
        ToraWorkspaceError,
    )
    from tora.models import Stats

__all__ = [
    "AsyncTora",
    "Stats",
    "Tora",
    "ToraAPIError",
    "ToraAuthenticationError",
    "ToraConfigurationError",
    "ToraError",
    "ToraExperimentError",
    "ToraMetricError",
    "ToraNetworkError",
    "ToraTimeoutError",
    "ToraValidationError",
    "ToraWorkspaceError",
    "__version__",
    "aio",
    "api",
    "create_workspace",
    "errors",
    "flush",
    "get_experiment_id",
    "get_experiment_url",
    "handle",
    "is_initialized",
    "models",
    "setup",
    "shutdown",
    "tlog",
    "types",
]

# Where each name comes from; it is imported at its first use, so that `import tora` costs nothing.
_HOMES: Final = {
    "AsyncTora": "tora._async.client",
    "Stats": "tora.models",
    "Tora": "tora._sync.client",
    "aio": "tora",
    "api": "tora",
    "create_workspace": "tora._sync.workspaces",
    "errors": "tora",
    "handle": "tora._sync.workers",
    "models": "tora",
    "types": "tora",
    **dict.fromkeys((name for name in __all__ if name.startswith("Tora") and name != "Tora"), "tora.errors"),
    **dict.fromkeys(
        (
            "flush",
            "get_experiment_id",
            "get_experiment_url",
            "is_initialized",
            "setup",
            "shutdown",
            "tlog",
        ),
        "tora._sync.session",
    ),
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tora' has no attribute {name!r}")
    with no_fork:
        value = import_module(f"tora.{name}") if home == "tora" else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

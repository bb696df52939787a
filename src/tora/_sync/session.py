# Made by tools/sync.py from src/tora/_async/session.py; edit that file, then run: python tools/sync.py
"""The global API: one experiment for the whole process."""

from __future__ import annotations

from tora._async import session as source
from tora._sync.runner import RUNNER
from tora.models import Stats
from tora.types import Hyperparams, Metadata, Step, Tags, Value

__all__ = ["flush", "get_experiment_id", "get_experiment_url", "is_initialized", "setup", "shutdown", "tlog"]

_SESSION = source.Session()


def setup(
    name: str,
    workspace_id: str | None = None,
    description: str | None = None,
    hyperparams: Hyperparams | None = None,
    tags: Tags | None = None,
    api_key: str | None = None,
    server_url: str | None = None,
    max_buffer_len: int = 1,
    *,
    console: bool = False,
) -> str:
    """Create an experiment, print its address and make it the current one.

    Args:
        name: 1 to 255 characters.
        workspace_id: The workspace to put it into; default ``TORA_WORKSPACE``, else none.
        description: At most 10,000 characters.
        hyperparams: At most 1,000 values by name; nested mappings are flattened with dots.
        tags: At most 50, each of 1 to 50 characters; default ``TORA_TAGS``, else none.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.
        max_buffer_len: Metrics are sent when so many wait, and after a second at the latest; 1 sends the
            first at once, and those that come while a request is under way with the next one.
        console: Record what this program prints; so does ``TORA_CONSOLE=on``.

    Returns:
        The experiment's id.

    Raises:
        ToraError: An experiment is set up already; in IPython it is shut down instead.
        ToraValidationError: An argument is wrong, or the server finds it so.
        ToraAuthenticationError: The server wants a key, or another one.
        ToraWorkspaceError: The server has no such workspace.
        ToraTimeoutError: The server does not answer in time.
        ToraNetworkError: The server cannot be reached.
        ToraAPIError: The server answers something else than promised.
        ToraConfigurationError: A setting cannot be used.

    Examples:
        >>> tora.setup("my-experiment", hyperparams={"lr": 1e-3})
        >>> tora.tlog("loss", 0.5, step=1)
    """
    _SESSION.watch()
    return RUNNER.run(
        _SESSION.setup,
        name,
        workspace_id,
        description,
        hyperparams,
        tags,
        api_key,
        server_url,
        max_buffer_len,
        console=console,
    )


def tlog(name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
    """Log one metric of the current experiment; never waits for the network.

    Args:
        name: 1 to 250 characters.
        value: A number; NaN and infinities are kept.
        step: 0 to 2^63 - 1, in any order; None draws the metric against its own count.
        metadata: A JSON object of at most 10,000 bytes.

    Raises:
        ToraError: No experiment is set up.
        ToraValidationError: An argument is wrong; nothing is logged.
        ToraMetricError: The experiment's client is closed.
    """
    _SESSION.tlog_nowait(name, value, step, metadata)


def flush(timeout: float | None = None) -> Stats:
    """Send all that was logged by now and wait until the server has it; without an experiment, do nothing.

    Delivery trouble does not raise: it shows in the result.

    Args:
        timeout: Seconds to wait at most; default ``TORA_TIMEOUT``, else 30.

    Returns:
        What became of the metrics.
    """
    return RUNNER.run(_SESSION.flush, timeout)


def shutdown(timeout: float | None = None) -> Stats:
    """Send what waits, say that the run is finished, and close; without an experiment, do nothing.

    Delivery trouble does not raise: it shows in the result, and what is not delivered stays in the
    journal, from where the next client or ``tora sync`` sends it.

    Args:
        timeout: Seconds to wait at most; default ``TORA_TIMEOUT``, else 30.

    Returns:
        What became of the metrics.
    """
    return RUNNER.run(_SESSION.shutdown, timeout)


def is_initialized() -> bool:
    """Return whether an experiment is set up."""
    return _SESSION.is_initialized()


def get_experiment_id() -> str | None:
    """Return the current experiment's id, None without one."""
    return _SESSION.get_experiment_id()


def get_experiment_url() -> str | None:
    """Return the address of the current experiment's page, None without one."""
    return _SESSION.get_experiment_url()

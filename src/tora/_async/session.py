"""The global API as coroutines: one current experiment a task, held in a context variable.

The synchronous global functions are generated from this module; they work over one session of the
whole process.
"""

from __future__ import annotations

import asyncio
import sys
from contextvars import ContextVar
from typing import Any
from weakref import ref

from attrs import frozen

from tora import config
from tora._async import exits
from tora._async.client import AsyncTora
from tora._async.notices import banner
from tora._async.workspaces import create_workspace
from tora.errors import ToraError
from tora.models import Stats
from tora.types import Hyperparams, Metadata, Step, Tags, Value

__all__ = [
    "create_workspace",
    "flush",
    "get_experiment_id",
    "get_experiment_url",
    "is_initialized",
    "setup",
    "shutdown",
    "tlog",
    "tlog_nowait",
]


_NOTHING = Stats(logged=0, stored=0, waiting=0, dropped=0)


class Session:
    """The experiment that the global functions speak of; their docstrings say what each does."""

    def __init__(self) -> None:
        self._client: AsyncTora | None = None

    def watch(self) -> None:
        """Be ready for the end of the process; to be called by the thread that sets up."""
        exits.end_on_sigterm()

    async def setup(
        self,
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
        """Create the experiment, print its address and return its id."""
        if (earlier := self._current()) is not None:
            if not _in_ipython():
                raise ToraError(
                    f"tora.setup() was called already, for experiment {earlier.experiment_id}; "
                    "call tora.shutdown() before the next tora.setup()"
                )
            await earlier.shutdown()  # a notebook's cells are run again
        client = await AsyncTora.create_experiment(
            name=name,
            workspace_id=workspace_id,
            description=description,
            hyperparams=hyperparams,
            tags=tags,
            max_buffer_len=max_buffer_len,
            api_key=api_key,
            server_url=server_url,
            console=console,
        )
        self._client = client
        if client.url and not config.load(api_key=api_key, server_url=server_url).silent:
            banner(client.url)
        return client.experiment_id

    async def tlog(self, name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
        """Log, and give the event loop a turn now and then."""
        await self._required().log(name, value, step, metadata)

    def tlog_nowait(self, name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
        """Log without awaiting."""
        client = self._client or self._required()
        client.log_nowait(name, value, step, metadata)

    async def flush(self, timeout: float | None = None) -> Stats:
        """Send what was logged by now."""
        client = self._current()
        return _NOTHING if client is None else await client.flush(timeout)

    async def shutdown(self, timeout: float | None = None) -> Stats:
        """Send what waits and close."""
        client, self._client = self._client, None
        return _NOTHING if client is None else await client.shutdown(timeout)

    def is_initialized(self) -> bool:
        """Whether there is a current experiment."""
        return self._current() is not None

    def get_experiment_id(self) -> str | None:
        """Return its id."""
        client = self._current()
        return None if client is None else client.experiment_id

    def get_experiment_url(self) -> str | None:
        """Return its page's address."""
        client = self._current()
        return None if client is None else client.url or None

    def _current(self) -> AsyncTora | None:
        return None if self._client is None or self._client.is_closed else self._client

    def _required(self) -> AsyncTora:
        if self._client is None:
            raise ToraError("no experiment is set up; call tora.setup() first, or tora.aio.setup() for tora.aio")
        return self._client


@frozen
class _Here:
    """The session of a task, and of what the task starts."""

    session: Session
    task: ref[asyncio.Task[Any]] | None

    def is_over(self) -> bool:
        """Whether the task that set up has ended."""
        task = None if self.task is None else self.task()
        return task is None or task.done()


_here: ContextVar[_Here | None] = ContextVar("tora", default=None)
_of_cells: list[_Here] = []  # at most one: IPython runs each cell in a context of its own, and the next goes on


def _session() -> Session:
    here = _here.get() or (_of_cells[0] if _of_cells and _in_ipython() else None)
    return Session() if here is None else here.session


def _session_to_set_up() -> Session:
    # A task inherits its parent's experiment. Its own setup() gives it one of its own.
    task = asyncio.current_task()
    here = _here.get()
    if here is None or here.task is None or here.task() is not task:
        earlier = _of_cells[0] if here is None and _of_cells and _of_cells[0].is_over() else None
        here = _Here(Session() if earlier is None else earlier.session, None if task is None else ref(task))
        _here.set(here)
        if _in_ipython():
            _of_cells[:] = [here]
    return here.session


async def setup(
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
        >>> await tora.aio.setup("my-experiment", hyperparams={"lr": 1e-3})
        >>> await tora.aio.tlog("loss", 0.5, step=1)
    """
    return await _session_to_set_up().setup(
        name, workspace_id, description, hyperparams, tags, api_key, server_url, max_buffer_len, console=console
    )


async def tlog(name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
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
    await _session().tlog(name, value, step, metadata)


def tlog_nowait(name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
    """Log one metric without awaiting, from a callback or ``asyncio.to_thread``; otherwise as `tlog`."""
    _session().tlog_nowait(name, value, step, metadata)


async def flush(timeout: float | None = None) -> Stats:
    """Send all that was logged by now and wait until the server has it; without an experiment, do nothing.

    Delivery trouble does not raise: it shows in the result.

    Args:
        timeout: Seconds to wait at most; default ``TORA_TIMEOUT``, else 30.

    Returns:
        What became of the metrics.
    """
    return await _session().flush(timeout)


async def shutdown(timeout: float | None = None) -> Stats:
    """Send what waits, say that the run is finished, and close; without an experiment, do nothing.

    Delivery trouble does not raise: it shows in the result, and what is not delivered stays in the
    journal, from where the next client or ``tora sync`` sends it.

    Args:
        timeout: Seconds to wait at most; default ``TORA_TIMEOUT``, else 30.

    Returns:
        What became of the metrics.
    """
    return await _session().shutdown(timeout)


def is_initialized() -> bool:
    """Return whether an experiment is set up."""
    return _session().is_initialized()


def get_experiment_id() -> str | None:
    """Return the current experiment's id, None without one."""
    return _session().get_experiment_id()


def get_experiment_url() -> str | None:
    """Return the address of the current experiment's page, None without one."""
    return _session().get_experiment_url()


def _in_ipython() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None

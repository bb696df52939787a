"""The asyncio-native client of one experiment."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar, TypeVarTuple, Unpack

import anyio
from attrs import evolve, frozen
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from tora import config, validation, wire
from tora._async import adoption, exits
from tora._async.buffer import MetricBuffer
from tora._async.delivery import Delivery
from tora._async.home import Revive, home_of
from tora._async.http import Api, Endpoint
from tora._async.journal import Header, Journal, journal_dir
from tora._async.local import ensure_local_server
from tora._async.notices import Progress, left_behind
from tora.config import Settings
from tora.errors import (
    ToraAPIError,
    ToraAuthenticationError,
    ToraConfigurationError,
    ToraError,
    ToraNetworkError,
    ToraTimeoutError,
    ToraValidationError,
)
from tora.models import Experiment, Stats
from tora.types import Hyperparams, Metadata, Status, Step, Tags, Value
from tora.validation import MAX_STEP

__all__ = ["AsyncTora", "create_workspace"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

OPENING_ATTEMPTS: Final = 3
YIELD_EVERY: Final = 100  # awaited logs between two turns of the event loop
KNOWN_NAMES: Final = 10_000
CLOSE_SECONDS: Final = 1.0

_now = time.time
_encode = wire.encode_metric


class AsyncTora:
    """A client of one experiment, native to asyncio.

    It is opened with `create_experiment` or `load_experiment` and belongs to the event loop that
    opened it; metrics may be logged from any thread. Logging never waits for the network: metrics
    go to a journal and are sent by a task of the loop.

    Examples:
        >>> async with await AsyncTora.create_experiment("my-experiment", hyperparams={"lr": 1e-3}) as client:
        ...     await client.log("loss", 0.5, step=1)
    """

    def __init__(self, experiment: Experiment, settings: Settings, writer: str, max_buffer_len: int) -> None:
        """Users call `create_experiment` or `load_experiment`."""
        self._experiment = experiment
        self._settings = settings
        self._max_buffer_len = max_buffer_len
        self._api: Api | None = None
        self._create: dict[str, Any] | None = None  # how to create the experiment, before any server was asked
        self._is_owner = True
        self._names: set[str] = set()
        self._until_yield = YIELD_EVERY
        self._loop: asyncio.AbstractEventLoop | None = None
        self._home: Revive | None = None
        self._become(writer)
        exits.register(self)

    def _become(self, writer: str) -> None:
        self._writer = writer
        self._delivery: Delivery | None = None
        self._closed = False
        self._ended: Stats | None = None
        self._buffer = MetricBuffer(self._open_journal, self._wake)
        self._append = self._buffer.append

    def _open_journal(self, first_seq: int) -> Journal:
        server = "" if self._api is None or self._api.endpoint.local else self._api.endpoint.url
        header = Header(
            server=self._settings.server_url or server,
            experiment=self._experiment.id,
            writer=self._writer,
            first_seq=first_seq,
            token=self._experiment.write_token,
            create=self._create,
        )
        return Journal.create(journal_dir(self._settings.dir), header)

    # --- Opening ----------------------------------------------------------------------------------

    @classmethod
    async def create_experiment(
        cls,
        name: str,
        workspace_id: str | None = None,
        description: str | None = None,
        hyperparams: Hyperparams | None = None,
        tags: Tags | None = None,
        max_buffer_len: int = 25,
        api_key: str | None = None,
        server_url: str | None = None,
    ) -> AsyncTora:
        """Create an experiment and return its client.

        Args:
            name: 1 to 255 characters.
            workspace_id: The workspace to put it into; default ``TORA_WORKSPACE``, else none.
            description: At most 10,000 characters.
            hyperparams: At most 1,000 values by name; nested mappings are flattened with dots.
            tags: At most 50, each of 1 to 50 characters; default ``TORA_TAGS``, else none.
            max_buffer_len: Metrics are sent when so many wait, and after a second at the latest.
            api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
            server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

        Raises:
            ToraValidationError: An argument is wrong, or the server finds it so.
            ToraAuthenticationError: The server wants a key, or another one.
            ToraWorkspaceError: The server has no such workspace.
            ToraTimeoutError: The server does not answer in time.
            ToraNetworkError: The server cannot be reached.
            ToraAPIError: The server answers something else than promised.
            ToraConfigurationError: A setting cannot be used.
        """
        settings = config.load(api_key=api_key, server_url=server_url)
        if settings.mode == "disabled":
            return _Disabled(Experiment(id=str(uuid.uuid4()), name=str(name)), settings, "", 1)
        experiment = Experiment(
            id=str(uuid.uuid4()),  # made here, so that the request can be repeated
            name=validation.experiment_name(name),
            workspace_id=validation.workspace_id(settings.workspace if workspace_id is None else workspace_id),
            description=validation.description(description),
            hyperparams=validation.hyperparams(hyperparams),
            tags=settings.tags if tags is None else validation.tags(tags),
        )
        client = cls(experiment, settings, _new_writer(), validation.max_buffer_len(max_buffer_len))
        body = wire.new_experiment(experiment)
        if settings.mode == "offline":
            return client._stay_offline(body)
        await client._connect(lambda api: api.create_experiment(body))
        return client

    @classmethod
    async def load_experiment(
        cls,
        experiment_id: str,
        max_buffer_len: int = 25,
        api_key: str | None = None,
        server_url: str | None = None,
    ) -> AsyncTora:
        """Return a client of an experiment that exists; it is running again from now on.

        Args:
            experiment_id: The experiment's id.
            max_buffer_len: Metrics are sent when so many wait, and after a second at the latest.
            api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
            server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

        Raises:
            ToraExperimentError: The server has no such experiment.
            ToraValidationError: An argument is wrong.
            ToraAuthenticationError: The server wants a key, or another one.
            ToraTimeoutError: The server does not answer in time.
            ToraNetworkError: The server cannot be reached.
            ToraAPIError: The server answers something else than promised.
            ToraConfigurationError: A setting cannot be used.
        """
        settings = config.load(api_key=api_key, server_url=server_url)
        if settings.mode == "disabled":
            return _Disabled(Experiment(id=str(experiment_id), name=""), settings, "", 1)
        experiment = Experiment(id=validation.experiment_id(experiment_id), name="")
        client = cls(experiment, settings, _new_writer(), validation.max_buffer_len(max_buffer_len))
        if settings.mode == "offline":
            return client._stay_offline(None)
        api = await client._connect(lambda api: api.load_experiment(experiment.id))
        await api.take_over(experiment.id)
        return client

    async def _connect(self, opening: Callable[[Api], Awaitable[Experiment]]) -> Api:
        api = Api(await _endpoint(self._settings), self._writer, _reviver(self._settings))
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(_may_pass),
                stop=stop_after_attempt(OPENING_ATTEMPTS),
                wait=wait_exponential(multiplier=0.1) + wait_random(0, 0.2),
                reraise=True,
            ):
                with attempt:
                    if attempt.retry_state.attempt_number > 1:
                        await api.revive()  # a local server may end by itself just when it is needed
                    self._experiment = await opening(api)
        except BaseException:
            exits.unregister(self)
            await api.close()
            raise
        self._api = api
        self._bind(asyncio.get_running_loop())
        adoption.begin(self._settings.dir, api.endpoint)
        return api

    def _join(self, handle: _Handle) -> None:
        self._is_owner = False
        self._home = handle.home
        if handle.server is not None:
            self._api = Api(handle.server, self._writer, _reviver(handle.settings, handle.experiment.write_token))
            self._find_a_loop()

    def _stay_offline(self, create: dict[str, Any] | None) -> Self:
        self._create = create
        try:
            self._buffer.open()  # it holds the experiment itself, so it must be there without any metric
        except OSError as exc:
            exits.unregister(self)
            raise ToraConfigurationError(
                f"TORA_MODE=offline needs a journal, and {journal_dir(self._settings.dir)} cannot be written: {exc}. "
                "Set TORA_DIR to a folder that can be written"
            ) from exc
        return self

    # --- Logging ----------------------------------------------------------------------------------

    async def log(self, name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
        """Log one metric.

        Never waits for the network: once this returns the metric is in the journal, and a task sends
        it. Gives the event loop a turn now and then, so that a tight loop cannot starve that task.

        Args:
            name: 1 to 250 characters.
            value: A number; NaN and infinities are kept.
            step: 0 to 2^63 - 1, in any order; None draws the metric against its own count.
            metadata: A JSON object of at most 10,000 bytes.

        Raises:
            ToraValidationError: An argument is wrong; nothing is logged.
            ToraMetricError: The client is closed.
        """
        self.log_nowait(name, value, step, metadata)
        self._until_yield -= 1
        if self._until_yield <= 0:
            self._until_yield = YIELD_EVERY
            await asyncio.sleep(0)

    def log_nowait(self, name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
        """Log one metric without awaiting, from a callback or any thread; otherwise as `log`."""
        # What is usual is checked inline; what is not, or is wrong, goes the long way.
        if not (
            type(value) is float
            and metadata is None
            and (step is None or (type(step) is int and 0 <= step <= MAX_STEP))
            and type(name) is str
            and name in self._names
        ):
            name, value, step, metadata = self._checked(name, value, step, metadata)
        self._append(_encode(name, value, step, metadata, _now()))

    async def log_metrics(self, metrics: Mapping[str, Value], step: Step | None = None) -> None:
        """Log several metrics at once, with one step and one time; all of them or, on an error, none.

        Args:
            metrics: Values by name, each as in `log`.
            step: The step of all of them.

        Raises:
            ToraValidationError: An argument is wrong; nothing is logged.
            ToraMetricError: The client is closed.
        """
        self.log_metrics_nowait(metrics, step)
        self._until_yield -= len(metrics)
        if self._until_yield <= 0:
            self._until_yield = YIELD_EVERY
            await asyncio.sleep(0)

    def log_metrics_nowait(self, metrics: Mapping[str, Value], step: Step | None = None) -> None:
        """Log several metrics without awaiting, from a callback or any thread; otherwise as `log_metrics`."""
        if not isinstance(metrics, Mapping):
            raise ToraValidationError(
                f"metrics must be a mapping of names to values, got {type(metrics).__name__}: "
                f"{validation.shown(metrics)}"
            )
        checked = [self._checked(name, value, step, None) for name, value in metrics.items()]
        now = _now()
        for name, value, number, _ in checked:
            self._append(_encode(name, value, number, None, now))

    def _checked(
        self, name: object, value: object, step: object, metadata: object
    ) -> tuple[str, float, int | None, Mapping[str, Any] | None]:
        if type(name) is not str or name not in self._names:
            name = validation.metric_name(name)
            if len(self._names) >= KNOWN_NAMES:
                self._names.clear()
            self._names.add(name)
        return name, validation.metric_value(value), validation.step(step), validation.metadata(metadata)

    # --- Delivery ---------------------------------------------------------------------------------

    async def flush(self, timeout: float | None = None) -> Stats:
        """Send all that was logged by now and wait until the server has it.

        Delivery trouble does not raise: it shows in the result. Returns early where the server refuses.

        Args:
            timeout: Seconds to wait at most; default ``TORA_TIMEOUT``, else 30.

        Returns:
            What became of the metrics.

        Raises:
            ToraValidationError: The timeout is none.
        """
        seconds = self._settings.timeout if timeout is None else validation.timeout(timeout)
        return await self._at_home(self._flush, seconds)

    async def shutdown(self, timeout: float | None = None) -> Stats:
        """Send what waits, say that the run is finished, and close; a second call does nothing.

        Delivery trouble does not raise: it shows in the result, and what is not delivered stays in the
        journal, from where the next client or ``tora sync`` sends it.

        Args:
            timeout: Seconds to wait at most; default ``TORA_TIMEOUT``, else 30.

        Returns:
            What became of the metrics.

        Raises:
            ToraValidationError: The timeout is none.
        """
        return await self.end("finished", self.limit if timeout is None else validation.timeout(timeout))

    async def end(self, status: Status, timeout: float) -> Stats:
        """Shut down with a status; `shutdown`, leaving the context and the interpreter's exit lead here.

        Args:
            status: How the run ended.
            timeout: Seconds to wait at most.
        """
        if self._closed:
            return self.stats
        self._closed = True
        self._buffer.refuse()
        try:
            return await self._at_home(self._end, status, timeout)
        finally:
            exits.unregister(self)

    async def _flush(self, seconds: float) -> Stats:
        if self._delivery is not None:
            with anyio.move_on_after(seconds):
                await self._delivery.flush(self._progress())
        return self.stats

    async def _end(self, status: Status, seconds: float) -> Stats:
        # Shielded: a cancelled task ends its experiment like any other, within the same bound.
        with anyio.move_on_after(seconds, shield=True):
            if self._delivery is not None:
                await self._delivery.flush(self._progress())
                await self._delivery.say_the_end(status, owner=self._is_owner)
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            if self._delivery is not None:
                await self._delivery.stop()
            if self._api is not None:
                await self._api.close()
        stats = self.stats
        if stats.waiting:
            left_behind(stats, self.experiment_id, self._buffer.journal_path)
        self._buffer.close(status, keep=self._api is None)
        return stats

    def _progress(self) -> Progress:
        return Progress(silent=self._settings.silent)

    # --- The loop ---------------------------------------------------------------------------------

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let a task of this running loop deliver from now on."""
        if self._api is None or (self._loop is loop and self._is_delivering()):
            return
        if self._delivery is not None and self._loop is not loop:
            self._delivery.abandon()
            self._api.drop()
        self._loop = loop
        self._home = home_of(loop) or self._home
        self._delivery = Delivery(self._buffer, self._api, self.experiment_id, self._writer, self._max_buffer_len)

    def _is_delivering(self) -> bool:
        return self._delivery is not None and not self._delivery.task.done()

    def _wake(self) -> None:
        loop, delivery = self._loop, self._delivery
        if loop is not None and delivery is not None and not delivery.task.done():
            try:
                loop.call_soon_threadsafe(delivery.wake)
            except RuntimeError:  # the loop was closed under the client
                self._loop = None
            else:
                return
        self._find_a_loop()

    def _find_a_loop(self) -> None:
        """Begin to deliver where nothing does: in a forked child, after unpickling, after the loop's end."""
        try:
            if self._home is not None:
                loop = self._home()
                loop.call_soon_threadsafe(self._bind, loop)
            else:
                self._bind(asyncio.get_running_loop())
        except (RuntimeError, ToraError):
            # There is none yet. The journal keeps what comes, and each metric looks again.
            self._buffer.arm(self._buffer.waiting + 1)

    async def _at_home(self, func: Callable[[Unpack[Ts]], Awaitable[T]], *args: *Ts) -> T:
        """Run a part of this client on the loop that it belongs to; one that is gone is replaced by this one."""
        here = asyncio.get_running_loop()
        if self._loop is None or not self._loop.is_running() or not self._is_delivering():
            self._bind(here)
        if self._loop is None or self._loop is here:
            return await func(*args)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_coroutine(func, *args), self._loop))

    def begin_anew(self) -> None:
        """Become a new writer in a forked child; the parent keeps its metrics and its connections."""
        self._buffer.abandon()
        if self._api is not None:
            self._api.drop()
        self._loop = None
        self._is_owner = False
        if not self._closed:
            self._become(_new_writer())
            if self._api is not None:
                self._api.writer = self._writer
            exits.register(self)

    def __reduce__(self) -> tuple[Callable[[_Handle], AsyncTora], tuple[_Handle]]:
        """Pickle as a handle: it reopens the experiment as a new writer, and carries no user's key."""
        server = None if self._api is None else evolve(self._api.endpoint, key=self._experiment.write_token)
        return _reopen, (
            _Handle(
                experiment=Experiment(self.experiment_id, "", self.url, self._experiment.write_token),
                settings=evolve(self._settings, api_key=None),
                max_buffer_len=self._max_buffer_len,
                server=server,
                home=self._home,
                disabled=isinstance(self, _Disabled),
            ),
        )

    # --- What it is -------------------------------------------------------------------------------

    @property
    def experiment_id(self) -> str:
        """The experiment's id."""
        return self._experiment.id

    @property
    def url(self) -> str:
        """The address of the experiment's page; empty without a server."""
        return self._experiment.url

    @property
    def max_buffer_len(self) -> int:
        """The number of waiting metrics at which they are sent at once; can be set."""
        return self._max_buffer_len

    @max_buffer_len.setter
    def max_buffer_len(self, value: int) -> None:
        self._max_buffer_len = validation.max_buffer_len(value)
        if self._loop is not None and self._delivery is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._delivery.set_threshold, self._max_buffer_len)

    @property
    def buffer_size(self) -> int:
        """How many metrics wait for the server's acknowledgement."""
        return self._buffer.waiting

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed."""
        return self._closed

    @property
    def stats(self) -> Stats:
        """What became of the metrics so far."""
        error = self._delivery.error if self._delivery is not None else None
        return self._buffer.stats(error or (str(self._buffer.trouble) if self._buffer.trouble else None))

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that the client belongs to; None until there is one."""
        return self._loop

    @property
    def limit(self) -> float:
        """How many seconds the client's end may take by default."""
        return self._settings.timeout

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Shut down; an exception that leaves the block makes the experiment failed, or stopped."""
        await self.end(exits.outcome(exc), self.limit)

    def __repr__(self) -> str:
        """Say which experiment it is, whether it is open, and how much waits."""
        status = "closed" if self._closed else "open"
        return f"{type(self).__name__}(experiment_id={self.experiment_id!r}, {status}, waiting={self.buffer_size})"


class _Disabled(AsyncTora):
    """The client under ``TORA_MODE=disabled``: every call does nothing."""

    def log_nowait(self, name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
        """Do nothing."""

    def log_metrics_nowait(self, metrics: Mapping[str, Value], step: Step | None = None) -> None:
        """Do nothing."""


@frozen
class _Handle:
    """What travels when a client is pickled."""

    experiment: Experiment
    settings: Settings
    max_buffer_len: int
    server: Endpoint | None
    home: Revive | None
    disabled: bool


def _reopen(handle: _Handle) -> AsyncTora:
    kind = _Disabled if handle.disabled else AsyncTora
    client = kind(handle.experiment, handle.settings, _new_writer(), handle.max_buffer_len)
    client._join(handle)  # noqa: SLF001  # this module's own
    return client


async def create_workspace(
    name: str,
    description: str | None = None,
    api_key: str | None = None,
    server_url: str | None = None,
) -> dict[str, Any]:
    """Create a workspace to organise experiments in. Requires a key; on the local server Tora has its own.

    Args:
        name: 1 to 255 characters.
        description: At most 1,000 characters.
        api_key: The key for the server; default ``TORA_API_KEY``.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.

    Returns:
        What the server says of the workspace: ``id``, ``name``, ``description`` and more.

    Raises:
        ToraAuthenticationError: There is no key, or the server does not take it.
        ToraValidationError: An argument is wrong.
        ToraTimeoutError: The server does not answer in time.
        ToraNetworkError: The server cannot be reached.
        ToraAPIError: The server answers something else than promised.
        ToraConfigurationError: A setting cannot be used, or there is no server (``TORA_MODE``).
    """
    body = {"name": validation.workspace_name(name), "description": validation.workspace_description(description)}
    settings = config.load(api_key=api_key, server_url=server_url)
    if settings.mode != "online":
        raise ToraConfigurationError(f"a workspace cannot be created without a server, and TORA_MODE={settings.mode}")
    endpoint = await _endpoint(settings)
    if endpoint.key is None:
        raise ToraAuthenticationError(
            f"creating a workspace on {endpoint.url} requires a key; set TORA_API_KEY or pass api_key"
        )
    api = Api(endpoint)
    try:
        return await api.create_workspace(body)
    finally:
        await api.close()


async def _endpoint(settings: Settings) -> Endpoint:
    if settings.server_url is not None:
        return Endpoint(settings.server_url, settings.api_key)
    # Keys are for servers elsewhere; the local one knows its user by the key in the data folder.
    local = await ensure_local_server(settings)
    return Endpoint(local.url, local.api_key, local=True)


def _reviver(settings: Settings, token: str | None = None) -> Callable[[], Awaitable[Endpoint]] | None:
    if settings.server_url is not None:
        return None

    async def revive() -> Endpoint:
        endpoint = await _endpoint(settings)
        return endpoint if token is None else evolve(endpoint, key=token)

    return revive


def _new_writer() -> str:
    return uuid.uuid4().hex


def _may_pass(exc: BaseException) -> bool:
    if isinstance(exc, ToraAPIError):
        return exc.status is not None and (exc.status == 429 or exc.status >= 500)
    return isinstance(exc, ToraNetworkError) and not isinstance(exc, ToraTimeoutError)


async def _coroutine(func: Callable[[Unpack[Ts]], Awaitable[T]], *args: *Ts) -> T:
    return await func(*args)

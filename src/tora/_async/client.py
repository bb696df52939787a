"""The asyncio-native client of one experiment."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from tora import config, validation, wire
from tora._async import changing, companions, exits, loading
from tora._async.handle import handle_of, reopen, reopen_inside
from tora._async.writer import Writer, offline
from tora.errors import ToraValidationError
from tora.forks import no_fork
from tora.models import Experiment, Stats
from tora.types import Hyperparams, Metadata, Step, Tags, Value
from tora.validation import MAX_STEP, non_finite_name

__all__ = ["AsyncTora", "reopen_inside"]

YIELD_EVERY: Final = 100  # awaited logs between two turns of the event loop
KNOWN_NAMES: Final = 10_000

_now = time.time
_encode = wire.encode
_Line = wire.MetricLine


class AsyncTora:
    """A client of one experiment, native to asyncio.

    It is opened with `create_experiment` or `load_experiment` and belongs to the event loop that
    opened it; metrics may be logged from any thread. Logging never waits for the network: metrics
    go to a journal and are sent by a task of the loop.

    Examples:
        >>> async with await AsyncTora.create_experiment("my-experiment", hyperparams={"lr": 1e-3}) as client:
        ...     await client.log("loss", 0.5, step=1)
    """

    def __init__(self, writer: Writer) -> None:
        """Users call `create_experiment` or `load_experiment`."""
        self._writer = writer
        self._names: set[str] = set()
        self._until_yield = YIELD_EVERY

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
        *,
        console: bool = False,
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
            console: Record what this program prints; so does ``TORA_CONSOLE=on``.

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
            return _Disabled(Writer(Experiment(str(uuid.uuid4()), str(name)), settings, 1, is_owner=False))
        experiment = Experiment(
            id=str(uuid.uuid4()),  # made here, so that the request can be repeated
            name=validation.experiment_name(name),
            workspace_id=validation.workspace_id(settings.workspace if workspace_id is None else workspace_id),
            description=validation.description(description),
            hyperparams=validation.hyperparams(hyperparams),
            tags=settings.tags if tags is None else validation.tags(tags),
        )
        threshold = validation.max_buffer_len(max_buffer_len)
        body = wire.new_experiment(experiment)
        if settings.mode == "offline":
            body |= companions.known_at_once(settings)
            return cls(companions.begin(offline(experiment, settings, threshold, body)))
        with no_fork:
            loading.load()
            from tora._async import opening

        writer = await opening.create(body, settings, threshold)
        return cls(companions.begin(writer, console=console, is_new=True))

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
            return _Disabled(Writer(Experiment(str(experiment_id), ""), settings, 1, is_owner=False))
        experiment = Experiment(id=validation.experiment_id(experiment_id), name="")
        threshold = validation.max_buffer_len(max_buffer_len)
        if settings.mode == "offline":
            return cls(companions.begin(offline(experiment, settings, threshold, None)))
        with no_fork:
            loading.load()
            from tora._async import opening

        return cls(companions.begin(await opening.load(experiment.id, settings, threshold)))

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
        # As wire.encode_metric, whose call would cost a twentieth of all.
        number = value if value - value == 0.0 else non_finite_name(value)
        self._writer.append(_encode(_Line(name, number, _now(), step, metadata)) + b"\n")

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
        number, now = validation.step(step), _now()
        checked = [self._checked(name, value, number, None) for name, value in metrics.items()]
        for line in [wire.encode_metric(name, value, number, None, now) for name, value, _, _ in checked]:
            self._writer.append(line)

    def _checked(
        self, name: object, value: object, step: object, metadata: object
    ) -> tuple[str, float, int | None, Mapping[str, Any] | None]:
        if type(name) is not str or name not in self._names:
            name = validation.metric_name(name)
            if len(self._names) >= KNOWN_NAMES:
                self._names.clear()
            self._names.add(name)
        return name, validation.metric_value(value), validation.step(step), validation.metadata(metadata)

    async def update_hyperparams(self, hyperparams: Hyperparams) -> None:
        """Add hyperparameters to the experiment, such as those that are known only once training has begun.

        Waits for the server's answer. Those that the experiment has already stay, but for names that are
        given again.

        Args:
            hyperparams: Values by name, as in `create_experiment`; at most 1,000 with those that are there.

        Raises:
            ToraValidationError: A hyperparameter is wrong; nothing is changed.
            ToraMetricError: The client is closed.
            ToraAuthenticationError: The key is not good for that, as with a client that was pickled.
            ToraExperimentError: The experiment was deleted.
            ToraTimeoutError: The server does not answer in time.
            ToraNetworkError: The server cannot be reached.
            ToraAPIError: The server answers something else than promised.
            ToraConfigurationError: With ``TORA_MODE=offline`` there is no server to tell.
        """
        await changing.update_hyperparams(self._writer, hyperparams)

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
        return await self._writer.flush(self._seconds(timeout))

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
        return await self._writer.end("finished", self._seconds(timeout))

    def _seconds(self, timeout: float | None) -> float:
        return self._writer.limit if timeout is None else validation.timeout(timeout)

    def __reduce__(self) -> tuple[Callable[..., AsyncTora], tuple[Any, ...]]:
        """Pickle as a handle: it reopens the experiment as a new writer, and carries no user's key."""
        return reopen, (type(self), handle_of(self._writer))

    # --- What it is -------------------------------------------------------------------------------

    @property
    def experiment_id(self) -> str:
        """The experiment's id."""
        return self._writer.experiment.id

    @property
    def url(self) -> str:
        """The address of the experiment's page; empty without a server.

        On the local server what stands after its ``#`` lets a browser in; it opens nothing elsewhere.
        """
        return self._writer.url

    @property
    def max_buffer_len(self) -> int:
        """The number of waiting metrics at which they are sent at once; can be set."""
        return self._writer.threshold

    @max_buffer_len.setter
    def max_buffer_len(self, value: int) -> None:
        self._writer.threshold = validation.max_buffer_len(value)

    @property
    def buffer_size(self) -> int:
        """How many metrics wait for the server's acknowledgement."""
        return self._writer.waiting

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed."""
        return self._writer.is_closed

    @property
    def stats(self) -> Stats:
        """What became of the metrics so far."""
        return self._writer.stats

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Shut down; an exception that leaves the block makes the experiment failed, or stopped."""
        await self._writer.end(exits.outcome(exc), self._writer.limit)

    def __repr__(self) -> str:
        """Say which experiment it is, whether it is open, and how much waits."""
        status = "closed" if self.is_closed else "open"
        return f"{type(self).__name__}(experiment_id={self.experiment_id!r}, {status}, waiting={self.buffer_size})"


class _Disabled(AsyncTora):
    """The client under ``TORA_MODE=disabled``: every call does nothing."""

    def log_nowait(self, name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
        """Do nothing."""

    def log_metrics_nowait(self, metrics: Mapping[str, Value], step: Step | None = None) -> None:
        """Do nothing."""

    async def update_hyperparams(self, hyperparams: Hyperparams) -> None:
        """Do nothing."""

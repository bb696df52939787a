# Made by tools/sync.py from src/tora/_async/client.py; edit that file, then run: python tools/sync.py
"""The client of one experiment."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tora._async import client as source
from tora._sync.runner import RUNNER
from tora.models import Stats
from tora.types import Hyperparams, Metadata, Step, Tags, Value

__all__ = ["Tora"]


class Tora:
    """A client of one experiment.

    It is opened with `create_experiment` or `load_experiment`. It may be used from any thread. Logging
    never waits for the network: metrics go to a journal and are sent in the background.

    Examples:
        >>> with Tora.create_experiment("my-experiment", hyperparams={"lr": 1e-3}) as client:
        ...     client.log("loss", 0.5, step=1)
    """

    def __init__(self, impl: source.AsyncTora) -> None:
        """Users call `create_experiment` or `load_experiment`."""
        self._impl = impl

    @classmethod
    def create_experiment(
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
    ) -> Tora:
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
        return cls(
            RUNNER.run(
                source.AsyncTora.create_experiment,
                name,
                workspace_id,
                description,
                hyperparams,
                tags,
                max_buffer_len,
                api_key,
                server_url,
                console=console,
            )
        )

    @classmethod
    def load_experiment(
        cls, experiment_id: str, max_buffer_len: int = 25, api_key: str | None = None, server_url: str | None = None
    ) -> Tora:
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
        return cls(RUNNER.run(source.AsyncTora.load_experiment, experiment_id, max_buffer_len, api_key, server_url))

    def log(self, name: str, value: Value, step: Step | None = None, metadata: Metadata | None = None) -> None:
        """Log one metric.

        Never waits for the network: once this returns the metric is in the journal, and is sent in the
        background.

        Args:
            name: 1 to 250 characters.
            value: A number; NaN and infinities are kept.
            step: 0 to 2^63 - 1, in any order; None draws the metric against its own count.
            metadata: A JSON object of at most 10,000 bytes.

        Raises:
            ToraValidationError: An argument is wrong; nothing is logged.
            ToraMetricError: The client is closed.
        """
        self._impl.log_nowait(name, value, step, metadata)

    def log_metrics(self, metrics: Mapping[str, Value], step: Step | None = None) -> None:
        """Log several metrics at once, with one step and one time; all of them or, on an error, none.

        Args:
            metrics: Values by name, each as in `log`.
            step: The step of all of them.

        Raises:
            ToraValidationError: An argument is wrong; nothing is logged.
            ToraMetricError: The client is closed.
        """
        self._impl.log_metrics_nowait(metrics, step)

    def update_hyperparams(self, hyperparams: Hyperparams) -> None:
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
        RUNNER.run(self._impl.update_hyperparams, hyperparams)

    def flush(self, timeout: float | None = None) -> Stats:
        """Send all that was logged by now and wait until the server has it.

        Delivery trouble does not raise: it shows in the result. Returns early where the server refuses.

        Args:
            timeout: Seconds to wait at most; default ``TORA_TIMEOUT``, else 30.

        Returns:
            What became of the metrics.

        Raises:
            ToraValidationError: The timeout is none.
        """
        return RUNNER.run(self._impl.flush, timeout)

    def shutdown(self, timeout: float | None = None) -> Stats:
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
        return RUNNER.run(self._impl.shutdown, timeout)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as a handle: it reopens the experiment as a new writer, and carries no user's key."""
        return (source.reopen_inside, (type(self), *self._impl.__reduce__()[1]))

    @property
    def experiment_id(self) -> str:
        """The experiment's id."""
        return self._impl.experiment_id

    @property
    def url(self) -> str:
        """The address of the experiment's page; empty without a server.

        On the local server what stands after its ``#`` lets a browser in; it opens nothing elsewhere.
        """
        return self._impl.url

    @property
    def max_buffer_len(self) -> int:
        """The number of waiting metrics at which they are sent at once; can be set."""
        return self._impl.max_buffer_len

    @max_buffer_len.setter
    def max_buffer_len(self, value: int) -> None:
        self._impl.max_buffer_len = value

    @property
    def buffer_size(self) -> int:
        """How many metrics wait for the server's acknowledgement."""
        return self._impl.buffer_size

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed."""
        return self._impl.is_closed

    @property
    def stats(self) -> Stats:
        """What became of the metrics so far."""
        return self._impl.stats

    def __enter__(self) -> Self:
        """Return the client."""
        RUNNER.run(self._impl.__aenter__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Shut down; an exception that leaves the block makes the experiment failed, or stopped."""
        RUNNER.run(self._impl.__aexit__, kind, exc, trace)

    def __repr__(self) -> str:
        """Say which experiment it is, whether it is open, and how much waits."""
        return repr(self._impl).removeprefix("Async")

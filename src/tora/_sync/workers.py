# Made by tools/sync.py from src/tora/_async/workers.py; edit that file, then run: python tools/sync.py
"""Workers: clients of an experiment that somebody else created, and finishes."""

from __future__ import annotations

from tora._async import workers as source
from tora._sync.client import Tora
from tora._sync.runner import RUNNER
from tora.types import Labels

__all__ = ["handle"]


def handle(
    experiment_id: str,
    max_buffer_len: int = 25,
    api_key: str | None = None,
    server_url: str | None = None,
    labels: Labels | None = None,
) -> Tora:
    """Return a worker of an experiment that exists: a client whose end does not end the experiment.

    Any number of processes may have one. The experiment is not taken over, as `Tora.load_experiment`
    would: its status stays that of the client that created it, or loaded it last. Pickled, it is a
    handle for yet another worker, with the same labels.

    Args:
        experiment_id: The experiment's id.
        max_buffer_len: Metrics are sent when so many wait, and after a second at the latest.
        api_key: The key for the server; default ``TORA_API_KEY``, else anonymous.
        server_url: The server; default ``TORA_SERVER_URL``, else the local one, which starts by itself.
        labels: What the worker is among the others, such as ``{"rank": 3}``: at most 16 names of 1 to 50
            characters with values of 1 to 100; they come before ``TORA_LABELS`` and what its environment tells.

    Raises:
        ToraExperimentError: The server has no such experiment.
        ToraValidationError: An argument is wrong.
        ToraAuthenticationError: The server wants a key, or another one.
        ToraTimeoutError: The server does not answer in time.
        ToraNetworkError: The server cannot be reached.
        ToraAPIError: The server answers something else than promised.
        ToraConfigurationError: A setting cannot be used.

    Examples:
        >>> with tora.handle(experiment_id, labels={"rank": 3}) as worker:
        ...     worker.log("reward", 1.0, step=1)
    """
    return Tora(RUNNER.run(source.handle, experiment_id, max_buffer_len, api_key, server_url, labels))

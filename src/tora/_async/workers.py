"""Workers: clients of an experiment that somebody else created, and finishes."""

from __future__ import annotations

from tora import config, validation
from tora._async import loading
from tora._async.client import AsyncTora, _Disabled
from tora._async.writer import Writer
from tora.forks import no_fork
from tora.models import Experiment
from tora.types import Labels

__all__ = ["handle"]


async def handle(
    experiment_id: str,
    max_buffer_len: int = 25,
    api_key: str | None = None,
    server_url: str | None = None,
    labels: Labels | None = None,
) -> AsyncTora:
    """Return a worker of an experiment that exists: a client whose end does not end the experiment.

    Any number of processes may have one. The experiment is not taken over, as `AsyncTora.load_experiment` would:
    its status stays that of the client that created it, or loaded it last. Pickled, it is a handle for yet another
    worker, with the same labels.

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
        >>> async with await tora.aio.handle(experiment_id, labels={"rank": 3}) as worker:
        ...     await worker.log("reward", 1.0, step=1)
    """
    settings = config.load(api_key=api_key, server_url=server_url)
    if settings.mode == "disabled":
        return _Disabled(Writer(Experiment(str(experiment_id), ""), settings, 1, is_owner=False))
    experiment = Experiment(id=validation.experiment_id(experiment_id), name="")
    threshold = validation.max_buffer_len(max_buffer_len)
    given = validation.labels(labels)
    if settings.mode == "offline":
        return AsyncTora(Writer(experiment, settings, threshold, is_owner=False, given=given))
    with no_fork:
        loading.load_delivery()
        from tora._async import opening

    return AsyncTora(await opening.attach(experiment.id, settings, threshold, given))

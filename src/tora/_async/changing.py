"""What is changed of an experiment after it was created."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from tora import validation, wire
from tora.errors import ToraAPIError, ToraConfigurationError, ToraExperimentError, ToraMetricError, ToraTimeoutError

if TYPE_CHECKING:
    from tora._async.http import Answer
    from tora._async.writer import Writer

__all__ = ["update_hyperparams"]

SECONDS: Final = 30.0  # for a loop that is busy; each request has its own limit


async def update_hyperparams(writer: Writer, hyperparams: Mapping[str, Any]) -> None:
    """Add hyperparameters to those that the server has; the others stay as they are.

    Args:
        writer: A writer of the experiment; it has the user's key, as the one that created or loaded it.
        hyperparams: What to add; a name that is there already gets the new value.

    Raises:
        ToraError: They are wrong, or the server did not take them.
    """
    added = validation.hyperparams(hyperparams)
    if writer.is_closed:
        raise ToraMetricError("this client is closed; open another with load_experiment() to change the hyperparams")
    if writer.binding.api is None:
        raise ToraConfigurationError(
            "without a server an experiment takes hyperparams only when it is created, and this is TORA_MODE=offline; "
            "give them to setup() or create_experiment(), or use a server"
        )
    answers: list[Answer] = []
    await writer.binding.run(SECONDS, _ask, writer, added, answers)
    if not answers:
        raise ToraTimeoutError(f"the hyperparams were not sent within {SECONDS:g} s: the client's loop is stuck")


async def _ask(writer: Writer, added: Mapping[str, Any], answers: list[Answer]) -> None:
    from tora._async.http import refusal

    if (api := writer.binding.api) is None:
        return
    path = f"/experiments/{quote(writer.experiment.id, safe='')}"
    found = await api.call("GET", path)
    if not found.ok:
        raise refusal(found, ToraExperimentError)
    merged = validation.hyperparams({**_known(found), **added})
    changed = await api.call("PATCH", path, wire.encode({"hyperparams": wire.pairs(merged)}))
    if not changed.ok:
        raise refusal(changed, ToraExperimentError)
    answers.append(changed)


def _known(answer: Answer) -> dict[str, Any]:
    try:
        pairs = msgspec.convert(wire.data_from_wire(answer.body).get("hyperparams") or [], list[wire.Hyperparam])
    except ValueError as exc:
        raise ToraAPIError(
            f"{answer.call} answered with hyperparams that the protocol does not promise: {exc}", status=answer.status
        ) from exc
    return {pair.key: pair.value for pair in pairs}

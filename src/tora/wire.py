"""The protocol's JSON: how records become bytes and bytes become records, for both sides.

A metric is encoded once. `encode_metric` makes the bytes that stand as one line in the journal and
as one element of a batch, so that a request's body is a join of lines (`batch_body`). JSON has no
NaN and no infinities: on the wire they are the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, cast

import msgspec

from tora import fields, validation
from tora.errors import ToraValidationError
from tora.models import Experiment, Summary, Workspace
from tora.types import Status
from tora.validation import non_finite_name

__all__ = [
    "Batch",
    "ConsoleChunk",
    "ConsoleLine",
    "ExperimentChange",
    "Heartbeat",
    "MetricLine",
    "MetricRecord",
    "NewExperiment",
    "NewWorkspace",
    "batch_body",
    "decode",
    "encode",
    "encode_metric",
    "experiment_from_wire",
    "experiment_to_wire",
    "failure",
    "new_experiment",
    "number",
    "success",
    "summary_to_wire",
    "workspace_to_wire",
]

T = TypeVar("T")

encode: Final = msgspec.json.Encoder().encode
"""Encode builtins, times and attrs records as JSON; floats must be finite (see `number`)."""


# --- A metric, on its way out ---------------------------------------------------------------------


class MetricLine(msgspec.Struct, gc=False, omit_defaults=True):
    """One metric as it is written; a struct encodes faster than a dict, and leaves out what is None."""

    name: str
    value: float | str
    time: float
    step: int | None = None
    metadata: Mapping[str, Any] | None = None


def encode_metric(name: str, value: float, step: int | None, metadata: Mapping[str, Any] | None, time: float) -> bytes:
    """Return one metric as one line of JSON with its line end.

    Args:
        name: A valid name.
        value: Any double.
        step: A valid step, or None.
        metadata: A plain JSON object, or None.
        time: Unix seconds.
    """
    # value - value is 0.0 for every finite double and NaN for the others: cheaper than math.isfinite.
    return (
        encode(MetricLine(name, value if value - value == 0.0 else non_finite_name(value), time, step, metadata))
        + b"\n"
    )


def number(value: float) -> float | str:
    """Return a double as the wire has it: itself, or the name of what JSON cannot say."""
    return value if math.isfinite(value) else non_finite_name(value)


def batch_body(writer: str, first_seq: int, lines: bytes) -> bytes:
    """Return the body of ``POST .../logs/batch`` from lines that `encode_metric` made.

    Args:
        writer: The writer's id.
        first_seq: The sequence number of the first line; the others follow without a gap.
        lines: At least one encoded metric, each with its line end; there is no other line end in them.
    """
    listed = memoryview(lines.replace(b"\n", b","))[:-1]  # not a copy: with large bodies each takes time
    return b"".join((b'{"writer":"%b","firstSeq":%d,"logs":[' % (writer.encode(), first_seq), listed, b"]}"))


# --- What the server reads ------------------------------------------------------------------------


Number: TypeAlias = float | Literal["NaN", "Infinity", "-Infinity"]
"""Any double."""


class MetricRecord(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One metric of a batch, as it arrives."""

    name: fields.MetricName
    value: Number
    step: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    metadata: fields.Metadata | None = None
    time: fields.Time | None = None
    msg_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


_METRICS: Final = msgspec.Meta(extra_json_schema={"maxItems": validation.MAX_BATCH_METRICS})


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST .../logs/batch``; the older path calls its list ``metrics``."""

    logs: Annotated[list[MetricRecord], _METRICS]
    writer: fields.Id | None = None
    first_seq: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = msgspec.field(default=None, name="firstSeq")


class OlderBatch(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST .../metrics/batch``."""

    metrics: Annotated[list[MetricRecord], _METRICS]


class Hyperparam(msgspec.Struct, forbid_unknown_fields=True):
    """One hyperparameter as a pair."""

    key: fields.HyperparamKey
    value: fields.HyperparamValue


Hyperparams: TypeAlias = Annotated[
    list[Hyperparam], msgspec.Meta(extra_json_schema={"maxItems": validation.MAX_HYPERPARAMS})
]


class NewExperiment(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body of ``POST /experiments``."""

    name: fields.Label
    id: fields.Id | None = None
    workspace_id: fields.Id | None = None
    description: fields.Prose | None = None
    hyperparams: Hyperparams | None = None
    tags: fields.Tags | None = None
    context: fields.Context | None = None
    created_at: fields.Instant | None = None


class ExperimentChange(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body of ``PATCH /experiments/{id}``; what is absent stays as it is."""

    name: fields.Label | msgspec.UnsetType = msgspec.UNSET
    description: fields.Prose | msgspec.UnsetType | None = msgspec.UNSET
    tags: fields.Tags | msgspec.UnsetType = msgspec.UNSET
    hyperparams: Hyperparams | msgspec.UnsetType = msgspec.UNSET
    notes: fields.Prose | msgspec.UnsetType | None = msgspec.UNSET
    status: Literal["running", "finished", "failed", "stopped"] | msgspec.UnsetType = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    workspace_id: fields.Id | msgspec.UnsetType | None = msgspec.UNSET
    context: fields.Context | msgspec.UnsetType = msgspec.UNSET
    ended_at: fields.Instant | msgspec.UnsetType = msgspec.UNSET


class Heartbeat(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST .../heartbeat``; ``status`` tells how the writer ended, when it has.

    ``labels`` stay until others are sent.
    """

    writer: fields.Id
    status: Status = "running"
    labels: fields.WriterLabels | None = None


class ConsoleLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One line that a program printed, without its line end."""

    time: Annotated[float, msgspec.Meta(ge=0, le=validation.LATEST)]
    stream: Literal["stdout", "stderr"]
    text: Annotated[str, msgspec.Meta(max_length=validation.MAX_CONSOLE_LINE)]


class ConsoleChunk(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST .../console``: lines of one writer, numbered from ``first`` on."""

    writer: fields.Id
    first: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    lines: Annotated[list[ConsoleLine], msgspec.Meta(max_length=validation.MAX_CONSOLE_CHUNK)]


class NewWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /workspaces``."""

    name: fields.Label
    description: fields.Description | None = None


class WorkspaceChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``PATCH /workspaces/{id}``; what is absent stays as it is."""

    name: fields.Label | msgspec.UnsetType = msgspec.UNSET
    description: fields.Description | msgspec.UnsetType | None = msgspec.UNSET


def decode(data: bytes, shape: type[T]) -> T:
    """Return the record that a body holds.

    Raises:
        ToraValidationError: The body is not JSON, or not of that shape; the message names the field.
    """
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as exc:
        raise ToraValidationError(_field_first(str(exc))) from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ToraValidationError(f"the body must be JSON: {exc}") from exc
    except RecursionError as exc:
        raise ToraValidationError("the body is nested too deeply") from exc


def _field_first(message: str) -> str:
    # msgspec writes "Expected `str`, got `int` - at `$.logs[0].name`".
    problem, _, place = message.partition(" - at `$")
    field = place.rstrip("`").lstrip(".")
    return f"{field}: {problem}" if field else f"body: {problem}"


# --- What the server answers ----------------------------------------------------------------------


def success(data: object, status: int = 200) -> bytes:
    """Return the envelope of an answer."""
    return encode({"status": status, "data": data})


def failure(status: int, code: str, message: str) -> bytes:
    """Return the envelope of a refusal; the message says what was wrong and what to do."""
    return encode({"status": status, "error": {"code": code, "message": message}})


def new_experiment(experiment: Experiment) -> dict[str, Any]:
    """Return the body of ``POST /experiments``; what is not set is left out, as older servers expect."""
    body: dict[str, Any] = {"id": experiment.id, "name": experiment.name}
    if experiment.workspace_id:
        body["workspaceId"] = experiment.workspace_id
    if experiment.description:
        body["description"] = experiment.description
    if experiment.hyperparams:
        body["hyperparams"] = pairs(experiment.hyperparams)
    if experiment.tags:
        body["tags"] = list(experiment.tags)
    return body


def experiment_to_wire(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as the protocol shows it."""
    return {
        "id": experiment.id,
        "name": experiment.name,
        "url": experiment.url,
        **({"writeToken": experiment.write_token} if experiment.write_token else {}),
        "workspaceId": experiment.workspace_id,
        "description": experiment.description,
        "hyperparams": pairs(experiment.hyperparams),
        "tags": list(experiment.tags),
        "notes": experiment.notes,
        "status": experiment.status,
        "archived": experiment.archived,
        "createdAt": _instant(experiment.created_at),
        "updatedAt": _instant(experiment.updated_at),
        "endedAt": _instant(experiment.ended_at),
        "duration": experiment.duration,
    }


def workspace_to_wire(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace as the protocol shows it."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "createdAt": _instant(workspace.created_at),
        "updatedAt": _instant(workspace.updated_at),
    }


def summary_to_wire(summary: Summary) -> dict[str, Any]:
    """Return the summary of one metric as the protocol shows it."""
    return {
        "name": summary.name,
        "count": summary.count,
        "last": number(summary.last),
        "min": summary.min,
        "max": summary.max,
        "firstStep": summary.first_step,
        "lastStep": summary.last_step,
        "nonFinite": summary.non_finite,
        "writers": summary.writers,
    }


def pairs(hyperparams: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return hyperparameters as the list of pairs that the protocol has."""
    return [{"key": key, "value": value} for key, value in hyperparams.items()]


def _instant(time: dt.datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- What the client reads: tolerant of all but what it needs -------------------------------------


def experiment_from_wire(body: bytes, server_url: str) -> Experiment:
    """Return the experiment in any answer that has ``data.id``; other fields may be missing or odd.

    Raises:
        ValueError: The body is no JSON object with a non-empty ``data.id``.
    """
    data = data_from_wire(body)
    found = data.get("id")
    if not isinstance(found, (str, int)) or isinstance(found, bool) or found == "":
        raise ValueError("it has no data.id")
    url = data.get("url")
    token = data.get("writeToken")
    name = data.get("name")
    return Experiment(
        id=str(found),
        name=name if isinstance(name, str) else "",
        url=url if isinstance(url, str) and url else f"{server_url}/e/{found}",
        write_token=token if isinstance(token, str) else None,
    )


def data_from_wire(body: bytes) -> dict[str, Any]:
    """Return the object under ``data`` of an answer.

    Raises:
        ValueError: The body is no JSON object with an object under ``data``.
    """
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError as exc:
        raise ValueError(f"it is not JSON ({exc})") from exc
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise ValueError("it has no object under 'data'")  # noqa: TRY004  # the document is wrong, not the argument
    return cast("dict[str, Any]", data)


def error_from_wire(body: bytes) -> tuple[str | None, str]:
    """Return the code and the message of a refusal; whatever text there is, when it is no envelope."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        code, message = error.get("code"), error.get("message")
        return (code if isinstance(code, str) else None, str(message or ""))
    return None, error if isinstance(error, str) else body[:200].decode("utf-8", "replace").strip()

"""The limits of `tora.validation` as annotations, for the description of the protocol.

They say what a field may be; msgspec checks none of them, since the functions of `tora.validation` do, and say
what was wrong in words.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, TypeAlias

from msgspec import Meta

from tora import validation

__all__ = [
    "ID_PATTERN",
    "Context",
    "Description",
    "HyperparamKey",
    "HyperparamValue",
    "Id",
    "Instant",
    "Label",
    "LabelName",
    "Metadata",
    "MetricName",
    "Prose",
    "Tags",
    "Time",
    "WriterLabels",
]

# Blanks around labels and ids are taken off. What Python calls blank is more than what `\s` means elsewhere.
_BLANKS: Final = "[\\s\\u001C-\\u001F\\u0085]*"
_NO_CONTROL: Final = "[^\\u0000-\\u001F\\u007F-\\u009F]"
_SOLID: Final = "[^\\s\\u0000-\\u001F\\u007F-\\u009F]"
_NO_CONTROL_IN_PROSE: Final = "[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F]"

ID_PATTERN: Final = f"^[A-Za-z0-9_-]{{1,{validation.MAX_ID}}}$"


def _label(longest: int) -> dict[str, Any]:
    return {
        "description": f"1 to {longest:,} characters without control characters; blanks around them are taken off.",
        "minLength": 1,
        "pattern": f"^{_BLANKS}{_SOLID}({_NO_CONTROL}{{0,{longest - 2}}}{_SOLID})?{_BLANKS}$",
    }


def _prose(longest: int) -> dict[str, Any]:
    return {"maxLength": longest, "pattern": f"^{_NO_CONTROL_IN_PROSE}*$"}


Id: TypeAlias = Annotated[
    str,
    Meta(
        extra_json_schema={"pattern": f"^{_BLANKS}[A-Za-z0-9_-]{{1,{validation.MAX_ID}}}{_BLANKS}$"},
        examples=["4f9d0c2be1a87735"],
    ),
]
"""Of an experiment, a workspace or a writer."""

Label: TypeAlias = Annotated[str, Meta(extra_json_schema=_label(validation.MAX_NAME), examples=["baseline"])]
"""The name of an experiment or a workspace."""

Prose: TypeAlias = Annotated[str, Meta(extra_json_schema=_prose(validation.MAX_DESCRIPTION))]
"""The description and the notes of an experiment."""

Description: TypeAlias = Annotated[str, Meta(extra_json_schema=_prose(validation.MAX_WORKSPACE_DESCRIPTION))]
"""The description of a workspace."""

Tags: TypeAlias = Annotated[
    list[Annotated[str, Meta(extra_json_schema=_label(validation.MAX_TAG))]],
    Meta(extra_json_schema={"maxItems": validation.MAX_TAGS}, examples=[["baseline", "v2"]]),
]
"""Labels of an experiment; one that comes again counts once."""

LabelName: TypeAlias = Annotated[str, Meta(extra_json_schema=_label(validation.MAX_LABEL_NAME), examples=["rank"])]
"""The name of a writer's label."""

WriterLabels: TypeAlias = Annotated[
    dict[LabelName, Annotated[str, Meta(extra_json_schema=_label(validation.MAX_LABEL_VALUE))]],
    Meta(extra_json_schema={"maxProperties": validation.MAX_LABELS}, examples=[{"rank": "3", "node": "gpu-07"}]),
]
"""What a writer is among the others."""

MetricName: TypeAlias = Annotated[
    str,
    Meta(
        extra_json_schema={
            "minLength": 1,
            "maxLength": validation.MAX_METRIC_NAME,
            "pattern": f"^{_NO_CONTROL}*{_SOLID}{_NO_CONTROL}*$",
        },
        examples=["train/loss"],
    ),
]

Metadata: TypeAlias = Annotated[
    dict[str, Any], Meta(description=f"At most {validation.MAX_METADATA_BYTES:,} bytes of JSON.")
]

Context: TypeAlias = Annotated[
    dict[str, Any],
    Meta(
        description=f"What made the run; at most {validation.MAX_CONTEXT_BYTES:,} bytes of JSON.",
        examples=[{"host": "gpu-07", "git": {"commit": "9f2c1e7", "branch": "main", "dirty": False}}],
    ),
]

Time: TypeAlias = Annotated[
    float, Meta(extra_json_schema={"minimum": 0, "maximum": validation.LATEST}, examples=[1_750_000_000.25])
]
"""Unix seconds."""

Instant: TypeAlias = Annotated[
    dt.datetime, Meta(description="With its time zone, from 1970 on.", examples=["2026-01-31T12:00:00Z"])
]
"""When something was, for a run that is told of later: now by itself."""

HyperparamKey: TypeAlias = Annotated[
    str,
    Meta(
        extra_json_schema={
            "minLength": 1,
            "maxLength": validation.MAX_HYPERPARAM_KEY,
            "pattern": f"^{_NO_CONTROL}+$",
        },
        examples=["lr"],
    ),
]

HyperparamValue: TypeAlias = Annotated[
    Any,
    Meta(
        description=(
            f"Any JSON of at most {validation.MAX_HYPERPARAM_BYTES:,} bytes, nested at most {validation.MAX_DEPTH} "
            "deep; an object is flattened, its keys joined with dots."
        ),
        examples=[0.01],
    ),
]
